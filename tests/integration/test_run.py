"""postrider run: the supervisor, with programs in the place of the daemons that do what each test
needs."""

import os
import shutil
import signal
import subprocess
import sys

import pytest
from harness import BIN, Instance, is_alive, wait_for

DAEMONS = ("queued", "smtpd", "deliverd", "pop3d")

READY = """
import os, signal, socket, sys, time
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
    notify.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
"""
STAY = """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
signal.signal(signal.SIGHUP, lambda *_: open(sys.argv[0] + ".reloaded", "a").write("x"))
open(f"{sys.argv[0]}.{os.getpid()}.started", "w").write(" ".join(sys.argv[1:]))
while True:
    time.sleep(1)
"""


class Suite:
    """A copy of the command with daemons of our own beside it."""

    def __init__(self, instance):
        self.instance = instance
        self.bin = instance.root / "bin"
        self.bin.mkdir()
        shutil.copy(BIN / "postrider", self.bin / "postrider")
        for name in DAEMONS:
            self.daemon(name, READY + STAY)

    def daemon(self, name, code):
        path = self.bin / name
        path.write_text(f"#!{sys.executable}\n{code}")
        path.chmod(0o755)

    def run(self):
        self.process = subprocess.Popen([self.bin / "postrider", "--config", self.instance.config, "run"],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return self.process

    def starts(self, name):
        return sorted(self.bin.glob(f"{name}.*.started"))

    def pid(self, name):
        """Of the first daemon of that name, once it runs."""
        return int(wait_for(lambda: self.starts(name))[0].name.split(".")[1])


@pytest.fixture
def suite():
    with Instance(start=False) as instance:
        made = Suite(instance)
        made.process = None
        yield made
        if made.process and made.process.poll() is None:
            made.process.kill()
            made.process.wait()


def test_it_says_ready_when_all_are_and_ends_all_by_sigterm(suite):
    process = suite.run()
    assert process.stdout.readline() == "ready\n"
    wait_for(lambda: len(suite.starts("deliverd")) == 2)
    roles = {path.read_text().split("--role ")[1] for path in suite.starts("deliverd")}
    assert roles == {"local", "remote"}
    pids = [suite.pid(name) for name in DAEMONS]
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert not any(map(is_alive, pids))
    assert not list((suite.instance.directory / "run").glob("notify*"))


def test_a_daemon_that_dies_is_started_again(suite):
    process = suite.run()
    assert process.stdout.readline() == "ready\n"
    os.kill(suite.pid("pop3d"), signal.SIGKILL)
    wait_for(lambda: len(suite.starts("pop3d")) == 2)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    log = process.stderr.read()
    assert "event=daemon_died daemon=pop3d" in log and "signal=9" in log and "restart_in_ms=100" in log


@pytest.mark.parametrize("status", [78, 1])
def test_a_daemon_that_cannot_start_ends_the_whole_with_its_status(suite, status):
    suite.daemon("smtpd", f"import sys\nprint('127.0.0.1:25: in use', file=sys.stderr)\nsys.exit({status})\n")
    process = suite.run()
    assert process.wait(20) == status
    assert process.stdout.read() == ""
    assert "127.0.0.1:25: in use" in process.stderr.read()


def test_a_daemon_that_is_missing_is_said_so(suite):
    (suite.bin / "pop3d").unlink()
    process = suite.run()
    assert process.wait(20) != 0
    assert "pop3d: No such file or directory" in process.stderr.read()


def test_sighup_is_passed_on(suite):
    process = suite.run()
    assert process.stdout.readline() == "ready\n"
    wait_for(lambda: all(suite.starts(name) for name in DAEMONS))
    process.send_signal(signal.SIGHUP)
    wait_for(lambda: all((suite.bin / f"{name}.reloaded").exists() for name in DAEMONS))
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def test_no_daemon_outlives_the_supervisor(suite):
    process = suite.run()
    assert process.stdout.readline() == "ready\n"
    pids = [suite.pid(name) for name in DAEMONS]
    process.kill()
    process.wait()
    wait_for(lambda: not any(map(is_alive, pids)))


def test_an_instance_runs_once(suite):
    process = suite.run()
    assert process.stdout.readline() == "ready\n"
    second = subprocess.run([suite.bin / "postrider", "--config", suite.instance.config, "run"],
                            capture_output=True, text=True, timeout=30)
    assert second.returncode == 1
    assert "this instance runs already" in second.stderr
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
