"""The mail server that a machine becomes, as its operator and a user of it see it."""

import collections
import contextlib
import os
import re
import shutil
import time

from harness import wait_for
from machine import call
from traffic import Sender, Visitor, pop3, smtp, words

ADDRESS, DOMAIN = "you@example.com", "example.com"
INSTALL, SETUP, SELFTEST = "apt install ./postrider_*.deb", f"postrider setup {ADDRESS}", "postrider selftest"
DAEMONS = ("queued", "deliverd@local", "deliverd@remote", "smtpd", "pop3d")
SERVICES = (*DAEMONS, "monitor", "trace")
MESSAGE = f"From: {ADDRESS}\r\nTo: {ADDRESS}\r\nSubject: word-{{}}\r\n\r\nHello\r\n"


class Server:
    """The machine, and the mail server that it has become."""

    def __init__(self, machine, packages):
        self.machine, self.packages = machine, packages
        self.took, self.said = {}, {}
        self.password = ""

    def command(self, line, input=""):
        """One of the three commands; how long it took is kept."""
        started = time.monotonic()
        self.said[line] = self.machine.run(f"cd /packages && {line}", input=input, timeout=300).stdout
        self.took[line] = time.monotonic() - started

    def sets_up(self):
        self.command(SETUP)
        self.command(SELFTEST)
        self.password = re.search(r"not shown again: (\S+)", self.said[SETUP])[1]

    def installs(self, package):
        """Returns what apt and the package have said."""
        shutil.copy(package, self.packages)
        return self.machine.run(f"apt install --yes /packages/{package.name}", timeout=300).stdout

    @property
    def mailbox(self):
        maildir = self.machine.root / f"var/mail/postrider/{DOMAIN}/you/Maildir"
        return [f.read_bytes() for folder in ("new", "cur") for f in (maildir / folder).glob("*")]

    def listening(self):
        """Ports where others than this host may connect."""
        with self.machine.network():
            lines = call("ss", "--listening", "--tcp", "--numeric", "--no-header").splitlines()
        addresses = [line.split()[3].rpartition(":") for line in lines]
        return {int(port) for address, _, port in addresses if not address.startswith("127.")}

    def sender(self, name):
        return Sender(ADDRESS, self.password, name)

    def awaits(self, *senders):
        """All that was acknowledged comes, each once; what was not, once at most."""
        sent = [word for one in senders for word in one.acknowledged]
        assert len(sent) > 10, senders[0].failures
        with contextlib.suppress(AssertionError):  # what is missing is told below
            wait_for(lambda: set(sent) <= set(words(self.mailbox)), 60, "all mail")
        come = collections.Counter(words(self.mailbox))
        assert [word for word in sent if word not in come] == [], "lost"
        assert {word: n for word, n in come.items() if n > 1} == {}, "twice"

    def empties(self):
        with self.machine.network():
            with contextlib.closing(pop3(ADDRESS, self.password)) as client:
                for number in range(1, client.stat()[0] + 1):
                    client.dele(number)
                client.quit()

    def goes_through(self, name):
        """A message is sent, delivered and counted."""
        with smtp(ADDRESS, self.password) as client:
            client.sendmail(ADDRESS, [ADDRESS], MESSAGE.format(name))
        wait_for(lambda: name in words(self.mailbox), what="the message")

    def is_another(self, service, before):
        """Whether the service has begun anew, and is ready."""
        state = self.machine.run(f"systemctl is-active postrider-{service}.service", check=False).stdout.strip()
        return state == "active" and self.machine.main_pid(service) not in (0, before)

    def pids(self, services=SERVICES):
        return {service: self.machine.main_pid(service) for service in services}

    def upgraded_under_load(self, package):
        """While mail flows, others connect, and two are in a session; says how it went."""
        before = self.pids()
        programs = {service: os.readlink(f"/proc/{pid}/exe") for service, pid in before.items()}
        senders = [self.sender(name) for name in ("one", "two")]
        visitors = [Visitor(25, b"220 "), Visitor(587, b"220 "), Visitor(110, b"+OK")]
        busy = senders + visitors
        with contextlib.ExitStack() as block:
            long = block.enter_context(smtp(ADDRESS, self.password))
            reading = block.enter_context(contextlib.closing(pop3(ADDRESS, self.password)))
            long.mail(ADDRESS)
            for one in busy:
                block.enter_context(one)
            wait_for(lambda: all(one.turns > 10 for one in busy), 60, "all who connect")
            started = time.monotonic()
            said = self.installs(package)
            took = time.monotonic() - started
            assert "goes on as the previous release" not in said
            turns = [one.turns for one in busy]
            wait_for(lambda: all(one.turns > n + 20 for one, n in zip(busy, turns)), 60, "all afterwards")
            # Who was in a session is still.
            long.rcpt(ADDRESS)
            assert long.data(MESSAGE.format("long"))[0] == 250
            assert reading.noop().startswith(b"+OK")
            reading.quit()
        assert [failure for one in busy for failure in one.failures] == []
        self.awaits(*senders)
        assert "long" in words(self.mailbox)
        # The new programs, with the process numbers of the old: those that were replaced are called "(deleted)".
        assert self.pids(DAEMONS) == {service: before[service] for service in DAEMONS}
        assert [s for s in DAEMONS if os.readlink(f"/proc/{before[s]}/exe") != programs[s]] == []
        return (f"{took:6.1f} s  for the upgrade: {sum(len(one.acknowledged) for one in senders)} messages, "
                f"{sum(one.turns for one in visitors)} other sessions, none refused, lost or twice")
