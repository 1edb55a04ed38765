"""A new release in the place of a running one, and sockets that a service manager holds: nobody who connects is
turned away, and whoever is in a session ends it undisturbed."""

import contextlib
import os
import pathlib
import shutil
import signal
import smtplib
import socket
import subprocess
import threading
import time

import pytest
from harness import BIN, Instance, is_alive, wait_for

MESSAGE = "From: ada@example.org\r\nSubject: during the upgrade\r\n\r\nHello\r\n"


@pytest.fixture
def suite(tmp_path):
    """With programs of its own, which a test may replace."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("postrider", "smtpd", "queued", "deliverd", "pop3d"):
        shutil.copy(BIN / name, programs / name)
    with Instance(programs=programs) as instance:
        instance.add_user("anna@example.test")
        yield instance


def parent_of(suite, name):
    """The process of that daemon which the supervisor has started."""
    for pid in suite.pids():
        line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        if os.path.basename(line[0].decode()) == name and int(stat[1]) == suite.process.pid:
            return pid
    raise AssertionError(f"{name} does not run")


def replace(suite, name, program=None):
    """As a package does: another file takes the name."""
    path = suite.programs / name
    new = path.with_suffix(".new")
    shutil.copy(program or path, new)
    new.chmod(0o755)
    new.rename(path)


def runs_new(suite, name, pid):
    return os.stat(f"/proc/{pid}/exe").st_ino == (suite.programs / name).stat().st_ino


def fetch(client):
    return b"\n".join(client.retr(1)[1])


class Visitor(threading.Thread):
    """Connects all the time, and counts who was turned away."""

    def __init__(self, port, greeting):
        super().__init__()
        self.port, self.greeting = port, greeting
        self.served, self.failures = 0, []
        self.over = threading.Event()

    def run(self):
        while not self.over.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=20) as one:
                    line = one.recv(512)
                    assert line.startswith(self.greeting), line
                    one.sendall(b"QUIT\r\n")
                    one.recv(512)
                self.served += 1
            except (OSError, AssertionError) as error:
                self.failures.append(repr(error))
            time.sleep(0.002)

    def __enter__(self):
        self.start()
        wait_for(lambda: self.served > 5, what="the first sessions")
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def test_smtpd_becomes_its_next_release_under_its_clients(suite):
    pid = parent_of(suite, "smtpd")
    with suite.smtp() as long, Visitor(suite.smtp_port, b"220 ") as visitor:
        long.ehlo()
        long.mail("ada@example.org")
        long.rcpt("anna@example.test")
        assert long.docmd("DATA")[0] == 354
        replace(suite, "smtpd")
        os.kill(pid, signal.SIGHUP)
        wait_for(lambda: runs_new(suite, "smtpd", pid), what="the new program")
        before = visitor.served
        wait_for(lambda: visitor.served > before + 20, what="sessions with the new program")
        long.send(MESSAGE + ".\r\n")
        assert long.getreply()[0] == 250
        assert long.noop()[0] == 250  # and nobody ends it now
    assert visitor.failures == []
    wait_for(lambda: suite.mailbox("anna@example.test"), what="the message")


def test_pop3d_becomes_its_next_release_under_its_clients(suite):
    with suite.smtp() as client:
        client.sendmail("ada@example.org", ["anna@example.test"], MESSAGE)
    wait_for(lambda: suite.mailbox("anna@example.test"), what="the message")
    pid = parent_of(suite, "pop3d")
    long = suite.pop3("anna@example.test")
    with Visitor(suite.pop3_port, b"+OK") as visitor:
        replace(suite, "pop3d")
        os.kill(pid, signal.SIGHUP)
        wait_for(lambda: runs_new(suite, "pop3d", pid), what="the new program")
        before = visitor.served
        wait_for(lambda: visitor.served > before + 20, what="sessions with the new program")
        assert b"Hello" in fetch(long)
        long.dele(1)
        long.quit()
    assert visitor.failures == []
    wait_for(lambda: not suite.mailbox("anna@example.test"), what="the deletion")


@pytest.mark.parametrize("name", ["queued", "deliverd"])
def test_mail_goes_on_when_what_carries_it_is_upgraded(suite, name):
    pid = parent_of(suite, name)
    replace(suite, name)
    sent = 0
    for round in range(3):
        if round == 1:
            os.kill(pid, signal.SIGHUP)
        with suite.smtp() as client:
            for _ in range(20):
                client.sendmail("ada@example.org", ["anna@example.test"], MESSAGE)
                sent += 1
    wait_for(lambda: runs_new(suite, name, pid), what="the new program")
    wait_for(lambda: len(suite.mailbox("anna@example.test")) == sent, what="all mail")


def test_signals_that_come_while_a_daemon_becomes_its_next_release_do_not_end_it(suite):
    pid = parent_of(suite, "smtpd")
    replace(suite, "smtpd")
    with Visitor(suite.smtp_port, b"220 ") as visitor:
        for _ in range(200):
            os.kill(pid, signal.SIGHUP)
            time.sleep(0.001)
        wait_for(lambda: runs_new(suite, "smtpd", pid), what="the new program")
        before = visitor.served
        wait_for(lambda: visitor.served > before + 20, what="sessions with the new program")
    assert visitor.failures == []


def test_a_release_that_refuses_to_start_changes_nothing(suite, tmp_path):
    pid = parent_of(suite, "smtpd")
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho 'this release does not like it' >&2\nexit 78\n")
    replace(suite, "smtpd", broken)
    os.kill(pid, signal.SIGHUP)
    wait_for(lambda: suite.events("not_upgraded"), what="the refusal")
    assert "this release does not like it" in suite.log_text()
    with suite.smtp() as client:
        client.sendmail("ada@example.org", ["anna@example.test"], MESSAGE)
    assert is_alive(pid)


@pytest.mark.parametrize("name, listen", [
    ("smtpd", {"mode": "mx"}),
    ("pop3d", {"tls": "starttls"})])
def test_an_upgrade_that_could_not_listen_changes_nothing(suite, name, listen):
    pid = parent_of(suite, name)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        own = suite.smtp_port if name == "smtpd" else suite.pop3_port
        suite.configure({name: {"listen": [{"address": f"127.0.0.1:{port}", **listen}
                                           for port in (own, taken.getsockname()[1])]}})
        replace(suite, name)
        os.kill(pid, signal.SIGHUP)
        wait_for(lambda: suite.events("not_upgraded"), what="the refusal")
        assert "Address already in use" in suite.log_text()
        assert is_alive(pid) and not runs_new(suite, name, pid)
        with socket.create_connection(("127.0.0.1", own), timeout=5) as one:
            assert one.recv(512)


def test_an_upgrade_without_a_certificate_that_can_be_read_changes_nothing(suite):
    pid = parent_of(suite, "pop3d")
    (suite.directory / "tls/key.pem").write_text("no key\n")
    replace(suite, "pop3d")
    os.kill(pid, signal.SIGHUP)
    wait_for(lambda: suite.events("not_upgraded"), what="the refusal")
    assert not runs_new(suite, "pop3d", pid)
    suite.pop3("anna@example.test").quit()


def test_a_session_outlives_a_reload(suite):
    with suite.smtp() as long:
        long.ehlo()
        suite.process.send_signal(signal.SIGHUP)
        wait_for(lambda: len(suite.events("reloaded")) >= 5, what="the reload of all")
        with suite.smtp() as other:
            assert other.noop()[0] == 250
        time.sleep(0.5)
        assert long.noop()[0] == 250


@contextlib.contextmanager
def handed_over(suite, name, addresses):
    """The daemon, started as a service manager starts it, with sockets that listen there."""
    sockets = [socket.create_server(address) for address in addresses]
    with suite.log.open("ab") as log:
        code = ("import os, sys\n"
                "os.environ['LISTEN_PID'] = str(os.getpid())\n"
                "fds = [int(fd) for fd in sys.argv[1].split(',')]\n"
                "for i, fd in enumerate(fds): os.dup2(fd, 3 + i); os.close(fd)\n"
                "os.environ['LISTEN_FDS'] = str(len(fds))\n"
                "os.execv(sys.argv[2], sys.argv[2:])\n")
        # Above what the program counts from.
        high = [os.dup2(s.fileno(), 100 + i) for i, s in enumerate(sockets)]
        process = subprocess.Popen(["/usr/bin/python3", "-c", code, ",".join(map(str, high)),
                                    str(suite.programs / name), "--config", str(suite.config)],
                                   stderr=log, pass_fds=high)
        for fd in high:
            os.close(fd)
    try:
        yield sockets, process
    finally:
        process.terminate()
        process.wait(20)
        for one in sockets:
            one.close()


def test_sockets_of_a_service_manager_are_served_and_survive_the_service(tmp_path):
    with Instance(start=False) as suite:
        address = ("127.0.0.1", suite.smtp_port)
        other = ("127.0.0.1", suite.port_base + 90)
        with handed_over(suite, "smtpd", [address, other]) as (sockets, process):
            with smtplib.SMTP(*address, timeout=20) as client:
                assert client.noop()[0] == 250
            # One that the configuration does not name: who connects there would wait in vain.
            [line] = suite.events("socket_not_used")
            assert f"address=127.0.0.1:{other[1]}" in line
            kept = [os.readlink(fd) for fd in pathlib.Path(f"/proc/{process.pid}/fd").iterdir()]
            assert f"socket:[{os.fstat(sockets[0].fileno()).st_ino}]" in kept
            assert f"socket:[{os.fstat(sockets[1].fileno()).st_ino}]" not in kept
            process.terminate()
            process.wait(20)
            # While nobody serves it, nobody is refused.
            with socket.create_connection(address, timeout=5):
                pass
