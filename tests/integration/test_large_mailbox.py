"""A mailbox of a million messages (20,000 in an ordinary run; POSTRIDER_LONG): the listings stream, memory is bounded, and
no step is quadratic."""

import os
import pathlib
import socket

import pytest
from harness import DOMAIN, Instance

MESSAGES = 1_000_000 if os.environ.get("POSTRIDER_LONG") else 20_000
# What a worker may take for each message while it opens the mailbox, and for everything else.
OCTETS_A_MESSAGE, OCTETS = 300, 64 << 20
TEXT = b"Subject: one of many\n\nHello.\n"
LINKS = 60_000  # that a file may have on ext4, and some left
PASSWORD = "secret"


@pytest.fixture(scope="module")
def suite():
    with Instance({"pop3d": {"workers": 1}}) as instance:
        yield instance


def fill(suite, address, messages):
    """As by hard links, which need no room on the disk; their names have sizes, as ours have."""
    user, domain = address.split("@")
    maildir = suite.directory / "mail" / domain / user / "Maildir"
    for name in ("tmp", "new", "cur"):
        (maildir / name).mkdir(parents=True)
    sizes = f"S={len(TEXT)},W={len(TEXT) + TEXT.count(10)}"
    for i in range(messages):
        name = maildir / "new" / f"1795262400.M{i:07d}P1.mx,{sizes}"
        if i % LINKS == 0:
            name.write_bytes(TEXT)
            first = name
        else:
            os.link(first, name)


def status(pid):
    """The fields of /proc/PID/stat behind the name."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def worker(suite):
    """The process of pop3d that serves; its parent listens."""
    named = [pid for pid in suite.pids()
             if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].endswith(b"pop3d")]
    [one] = [pid for pid in named if int(status(pid)[1]) in named]
    return one


class Client:
    """A session, and what each step of it costs the worker in processor time."""

    def __init__(self, suite, address):
        self.worker = worker(suite)
        self.cost = {}
        pathlib.Path(f"/proc/{self.worker}/clear_refs").write_text("5")  # the peak begins anew
        self.socket = socket.create_connection(("127.0.0.1", suite.pop3_port), timeout=600)
        self.file = self.socket.makefile("rb")
        assert self.file.readline().startswith(b"+OK")
        self.ask("USER " + address)
        self.step("login", lambda: self.ask("PASS " + PASSWORD))

    def used(self):
        fields = status(self.worker)
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self):
        """Octets."""
        lines = pathlib.Path(f"/proc/{self.worker}/status").read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))

    def step(self, name, act):
        before = self.used()
        done = act()
        self.cost[name] = self.used() - before
        return done

    def ask(self, command):
        self.socket.sendall(command.encode() + b"\r\n")
        answer = self.file.readline()
        assert answer.startswith(b"+OK"), answer
        return answer

    def lines(self, command):
        """How many, and whether each begins with its number."""
        self.ask(command)
        count = 0
        while (line := self.file.readline()) != b".\r\n":
            count += 1
            assert int(line.split()[0]) == count
        return count

    def delete_all(self, messages):
        for first in range(1, messages + 1, 1000):
            last = min(first + 999, messages)
            self.socket.sendall(b"".join(b"DELE %d\r\n" % i for i in range(first, last + 1)))
            for _ in range(first, last + 1):
                assert self.file.readline().startswith(b"+OK")
        self.ask("QUIT")


def session(suite, address, messages):
    """The client after it has read all listings and deleted all messages."""
    client = Client(suite, address)
    assert int(client.ask("STAT").split()[1]) == messages
    assert client.step("LIST", lambda: client.lines("LIST")) == messages
    assert client.step("UIDL", lambda: client.lines("UIDL")) == messages
    client.step("last", lambda: client.ask(f"TOP {messages} 0") and [client.file.readline() for _ in range(3)])
    client.step("QUIT", lambda: client.delete_all(messages))
    return client


def test_a_large_mailbox_costs_in_proportion_to_its_messages(suite):
    clients = []
    for name, messages in (("small", MESSAGES // 10), ("large", MESSAGES)):
        address = f"{name}@{DOMAIN}"
        suite.add_user(address, PASSWORD)
        fill(suite, address, messages)
        clients.append(session(suite, address, messages))
        assert not suite.mailbox(address)
    small, large = clients
    print(f"{MESSAGES} messages: {large.cost}, {large.peak() >> 20} MiB")
    assert large.peak() < OCTETS + OCTETS_A_MESSAGE * MESSAGES
    for step, cost in large.cost.items():
        # Ten times is what is right; the clock ticks coarsely.
        assert cost < 20 * small.cost[step] + 0.5, (step, cost, small.cost[step])
