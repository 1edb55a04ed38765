"""The package on a Debian host, as those who run it meet it: installed by apt, set up by one command, killed, stopped,
reloaded, upgraded under load, removed. One machine for all, in this order.

With POSTRIDER_LONG set, and build/postrider_*.deb made by ./dev package."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request

import pytest
from harness import wait_for
from machine import ROOT, Machine, bootstrapped, call, fetch_dependencies, why_not
from server import ADDRESS, DAEMONS, INSTALL, MESSAGE, SERVICES, Server
from traffic import Visitor, pop3, smtp, words

PORTS = {25, 110, 465, 587, 995}
MAX_EXPOSURE = 1.5

def is_earlier(package, than):
    versions = [one.name.split("_")[1] for one in (package, than)]
    return subprocess.run(["dpkg", "--compare-versions", versions[0], "lt", versions[1]]).returncode == 0


built = sorted((ROOT / "build").glob("postrider_*.deb"))
previous = [one for one in (ROOT / "build/previous").glob("postrider_*.deb") if is_earlier(one, built[-1])]
pytestmark = [
    pytest.mark.skipif("POSTRIDER_LONG" not in os.environ, reason="with POSTRIDER_LONG alone"),
    pytest.mark.skipif(not built, reason="there is no build/postrider_*.deb: ./dev package makes it"),
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
]


@contextlib.contextmanager
def installed(folder, package):
    """A server on a machine of its own that the package was installed on, and nothing else was done."""
    packages = folder / "packages"
    packages.mkdir()
    packages.chmod(0o755)
    shutil.copy(package, packages)
    bootstrapped()
    fetch_dependencies(package)
    with Machine(folder / "machine", packages) as machine:
        server = Server(machine, packages)
        server.command(INSTALL, input="y\n")
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with installed(tmp_path_factory.mktemp("installed"), built[-1]) as server:
        yield server


@pytest.fixture(scope="module")
def running(server):
    server.sets_up()
    return server


@pytest.fixture
def mail(running):
    """With an empty mailbox, and this thread in the machine's network."""
    running.empties()
    with running.machine.network():
        yield running


def test_an_installed_package_listens_nowhere_and_runs_nothing(server):
    with server.machine.network():
        assert call("ss", "--listening", "--tcp", "--numeric", "--no-header") == ""
    there = server.machine.run("systemctl list-units --plain --no-legend --state=active,activating,failed 'postrider*'")
    assert there.stdout == ""
    assert server.machine.run("systemctl is-enabled postrider.target", check=False).stdout.strip() == "disabled"


def test_three_commands_make_a_mail_server_that_is_told_how_long_they_took(running, capsys):
    assert running.listening() == PORTS
    with capsys.disabled():
        print()
        for line, seconds in running.took.items():
            print(f"{seconds:6.1f} s  {line}")
        print(f"{sum(running.took.values()):6.1f} s  from the first to the first mail fetched")


def test_the_programs_say_of_which_package_they_are(running):
    package = running.machine.run("dpkg-query --show --showformat '${Version}' postrider").stdout
    assert running.machine.run("postrider --version").stdout.split() == ["postrider", package]
    assert running.machine.run("/usr/lib/postrider/smtpd --version").stdout.split() == ["smtpd", package]


def test_nothing_is_wrong_in_the_log_of_a_server_that_was_just_set_up(running):
    wrong = [line for line in running.machine.journal().splitlines() if re.search(r" level=(warning|error) ", line)]
    assert wrong == []


def test_programs_of_the_host_send_by_sendmail(mail):
    mail.machine.run(f"printf 'Subject: word-local\\n\\nHello\\n' | sendmail {ADDRESS}")
    wait_for(lambda: words(mail.mailbox) == ["local"], what="the message")
    assert "newaliases" in mail.machine.run("man -w newaliases || ls /usr/share/man/man1/newaliases*").stdout
    mail.machine.run("newaliases")
    mail.machine.run("mailq")


def test_the_status_page_tells_the_life_of_a_message(mail):
    # By its Message-ID: other mail of the address was there before.
    mail.machine.run("printf 'Message-ID: <traced@example.com>\\nSubject: word-traced\\n\\nHello\\n' | "
                     f"sendmail -f {ADDRESS} {ADDRESS}")
    wait_for(lambda: words(mail.mailbox) == ["traced"], what="the message")
    def told():
        page = urllib.request.urlopen(f"http://127.0.0.1:8090/trace?q=traced@example.com", timeout=20).read().decode()
        text = re.sub("<[^>]*>", " ", page.split("</style>")[1])
        return "accepted from" in text and "is delivered" in text

    wait_for(told, what="its life, from the lines of the daemons or from the index")
    mail.machine.run("systemctl restart postrider-trace.service")
    time.sleep(3)  # it takes what is there every second
    wait_for(told, what="its life, from the index")


@pytest.mark.parametrize("service", SERVICES)
def test_a_running_service_is_hardly_exposed(running, service):
    said = running.machine.run(f"systemd-analyze security --no-pager postrider-{service}.service").stdout
    assert float(re.search(r"Overall exposure level for \S+: ([\d.]+)", said)[1]) <= MAX_EXPOSURE, said


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_that_is_killed_comes_back_and_no_mail_is_lost(mail, service):
    before = mail.machine.main_pid(service)
    with mail.sender(service) as sender, Visitor(25, b"220 ") as visitor:
        wait_for(lambda: sender.turns > 5, what="mail before")
        mail.machine.run(f"systemctl kill --signal=KILL postrider-{service}.service")
        wait_for(lambda: mail.is_another(service, before), 60, "the service")
        turns = sender.turns
        wait_for(lambda: sender.turns > turns + 5, what="mail afterwards")
    refused = [failure for failure in visitor.failures if "Refused" in failure]
    assert refused == []
    mail.awaits(sender)


def test_a_service_that_stands_still_is_started_again(mail):
    """WatchdogSec: all of them at once, as each takes half a minute."""
    before = mail.pids((*DAEMONS, "monitor"))
    for pid in before.values():
        os.kill(pid, signal.SIGSTOP)
    for service, pid in before.items():
        wait_for(lambda: mail.is_another(service, pid), 120, service)
    with mail.sender("watchdog") as sender:
        wait_for(lambda: sender.turns > 10, what="mail afterwards")
    mail.awaits(sender)


def test_a_reload_drops_no_session(mail):
    before = mail.pids()
    with (smtp(ADDRESS, mail.password) as long, contextlib.closing(pop3(ADDRESS, mail.password)) as reading,
          Visitor(25, b"220 ") as visitor, Visitor(110, b"+OK") as reader):
        long.mail(ADDRESS)
        long.rcpt(ADDRESS)
        assert long.docmd("DATA")[0] == 354
        for service in SERVICES:
            mail.machine.run(f"systemctl reload postrider-{service}.service")
        for one in (visitor, reader):
            turns = one.turns
            wait_for(lambda: one.turns > turns + 50, what="sessions afterwards")
        long.send(MESSAGE.format("reload") + ".\r\n")
        assert long.getreply()[0] == 250
        assert reading.stat() == (0, 0)
        reading.quit()
    assert visitor.failures + reader.failures == []
    assert mail.pids() == before
    wait_for(lambda: words(mail.mailbox) == ["reload"], what="the message")


def later_version(package, folder, nth, change=lambda unpacked: None):
    """The same package with a later version: every file is another when it was installed. `change` is given what
    the package has, unpacked."""
    unpacked = folder / f"later{nth}"
    call("dpkg-deb", "--raw-extract", package, unpacked)
    control = unpacked / "DEBIAN/control"
    version = re.search(r"^Version: (.*)$", control.read_text(), re.M)[1]
    control.write_text(control.read_text().replace(f"Version: {version}", f"Version: {version}.later{nth}"))
    change(unpacked)
    file = folder / package.name.replace(version, f"{version}.later{nth}")
    call("dpkg-deb", "--root-owner-group", "--build", unpacked, file)
    return file


def test_an_upgrade_refuses_nobody_and_loses_nothing(mail, tmp_path, capsys):
    def add_unit(unpacked):
        (unpacked / "lib/systemd/system/postrider-new.service").write_text(
            "[Service]\nType=oneshot\nExecStart=/bin/touch /root/new-unit\n")

    kept = mail.machine.root / "etc/ufw/applications.d/postrider"
    kept.write_text(kept.read_text() + "# changed by the operator\n")
    told = mail.upgraded_under_load(later_version(built[-1], tmp_path, 1, add_unit))
    assert (mail.machine.root / "root/new-unit").exists()
    assert "changed by the operator" in kept.read_text()
    with capsys.disabled():
        print(f"\n{told}")


@pytest.mark.skipif(not previous, reason="no earlier package is in build/previous: ./dev package has run once")
def test_the_package_that_was_built_before_is_upgraded_to_this_one(tmp_path, capsys):
    with installed(tmp_path, previous[-1]) as server:
        server.sets_up()
        with server.machine.network():
            told = server.upgraded_under_load(built[-1])
    with capsys.disabled():
        print(f"\n{told}")


def test_programs_that_refuse_to_start_are_told_of_by_the_upgrade_and_change_nothing(mail, tmp_path):
    def break_it(unpacked):
        smtpd = unpacked / "usr/lib/postrider/smtpd"
        smtpd.write_text("#!/bin/sh\necho 'this release does not like it' >&2\nexit 78\n")

    before = mail.machine.main_pid("smtpd")
    said = mail.installs(later_version(built[-1], tmp_path, 2, break_it))
    assert "postrider-smtpd.service goes on as the previous release" in said
    assert "postrider-pop3d.service goes on" not in said
    assert "this release does not like it" in mail.machine.journal("-smtpd")
    assert mail.machine.main_pid("smtpd") == before
    mail.goes_through("unbroken")
    assert "goes on as the previous release" not in mail.installs(later_version(built[-1], tmp_path, 3))
    mail.goes_through("mended")


def test_mail_is_served_again_after_a_restart_of_the_host(running):
    running.empties()
    with running.machine.network():
        running.goes_through("before")
    running.machine.reboot()
    with running.machine.network():
        wait_for(lambda: running.listening() == PORTS, 60, "the listeners")
        running.goes_through("after")
        assert sorted(words(running.mailbox)) == ["after", "before"]


def test_what_is_removed_keeps_its_mail_and_serves_again_when_it_comes_back(mail):
    mail.goes_through("kept")
    mail.machine.run("apt remove --yes postrider")
    assert mail.listening() == set()
    assert words(mail.mailbox) == ["kept"]
    assert (mail.machine.root / "etc/postrider/postrider.toml").exists()
    mail.installs(built[-1])
    assert mail.listening() == PORTS
    with contextlib.closing(pop3(ADDRESS, mail.password)) as client:
        assert client.stat()[0] == 1


def test_what_is_purged_keeps_its_mail_alone(mail):
    mail.goes_through("kept")
    said = mail.machine.run("apt purge --yes postrider").stdout
    assert "mail is kept, in /var/mail/postrider" in said
    assert words(mail.mailbox) == ["kept"]
    root = mail.machine.root
    left = [str(path) for folder in ("etc", "var/lib", "run", "usr") for path in (root / folder).rglob("*postrider*")
            if "var/lib/dpkg" not in str(path) and "var/lib/systemd/catalog" not in str(path)]
    assert left == []
