"""What a daemon cannot do that somebody has taken over: system calls are put into the real workers, by ptrace, as
an intruder's code would make them."""

import errno
import os
import pathlib
import platform
import shlex
import shutil
import socket
import subprocess

import pytest
from harness import BIN, Instance, wait_for
from intruder import Intruder, why_not

ANNA = "anna@example.test"
MESSAGE = "From: ada@example.org\r\nSubject: in the sandbox\r\n\r\nHello\r\n"
LINE = "x" * 70 + "\r\n"
AF_UNIX, AF_INET, SOCK_STREAM, SOCK_RAW = 1, 2, 1, 3
O_RDONLY, O_RDWR, AT_FDCWD = 0, 2, -100
WORKERS = ("smtpd", "queued", "deliverd@local", "deliverd@remote", "pop3d")
NOBODY = 65534

needs_ptrace = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


def landlock_version():
    import ctypes
    return ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1) if platform.machine() == "x86_64" else -1


needs_landlock = pytest.mark.skipif(landlock_version() < 2, reason="this kernel has no Landlock")


def processes(suite):
    """(name, whether it is a worker) -> pids."""
    found = {}
    for pid in suite.pids():
        line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        name = os.path.basename(line[0])
        if name == "deliverd":
            name += "@" + line[line.index("--role") + 1]
        parent = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        found.setdefault((name, parent != suite.process.pid), []).append(pid)
    return found


def worker(suite, name):
    return wait_for(lambda: processes(suite).get((name, True)), what=f"a worker of {name}")[0]


def status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def deliver(suite, text=MESSAGE):
    before = len(suite.mailbox(ANNA))
    with suite.smtp() as client:
        client.sendmail("ada@example.org", [ANNA], text)
    wait_for(lambda: len(suite.mailbox(ANNA)) > before, what="the message")


@pytest.fixture(scope="module")
def suite():
    with Instance() as instance:
        instance.add_user(ANNA)
        deliver(instance)
        yield instance


def test_every_worker_is_confined_and_its_parent_is_not(suite):
    found = processes(suite)
    for name in WORKERS:
        for pid in found[(name, True)]:
            assert (status(pid)["Seccomp"], status(pid)["NoNewPrivs"]) == ("2", "1"), name
        assert status(found[(name, False)][0])["Seccomp"] == status("self")["Seccomp"], name


def test_switched_off_nobody_is_confined():
    with Instance({"security": {"sandbox": "off"}}) as instance:
        for (name, _), pids in processes(instance).items():
            assert all(status(pid)["Seccomp"] == status("self")["Seccomp"] for pid in pids), name


def opens(path, flags=O_RDONLY):
    return lambda intruder, suite: intruder.call("openat", AT_FDCWD, str(path(suite)), flags, 0)


def makes_socket(family, kind=SOCK_STREAM, protocol=0):
    return lambda intruder, suite: intruder.call("socket", family, kind, protocol)


def removes(path):
    return lambda intruder, suite: intruder.call("unlink", str(path(suite)))


def mailbox(suite):
    return next((suite.directory / "mail/example.test/anna/Maildir/new").iterdir())


def in_instance(name):
    return lambda suite: suite.directory / name


HOST_SECRET = opens(lambda _: "/etc/shadow")
CONFIGURATION = opens(in_instance("postrider.toml"), O_RDWR)
PROGRAM = opens(lambda _: "/bin/true", O_RDWR)
OTHERS_MEMORY = opens(lambda suite: f"/proc/{suite.process.pid}/mem", O_RDWR)

# 0: it goes, so that a refusal means something.
CASES = [
    ("smtpd", "append to the spool", opens(in_instance("spool/incoming")), 0),
    ("smtpd", "look users up", opens(in_instance("data/directory.db")), 0),
    ("smtpd", "change users", opens(in_instance("data/directory.db"), O_RDWR), errno.EACCES),
    ("smtpd", "read a mailbox", opens(mailbox), errno.EACCES),
    ("smtpd", "list the mailboxes", opens(in_instance("mail")), errno.EACCES),
    ("smtpd", "read the queue", opens(in_instance("spool/queue.db")), errno.EACCES),
    ("smtpd", "send raw packets", makes_socket(AF_INET, SOCK_RAW, 1), errno.ENOSYS),
    ("deliverd@local", "read a mailbox", opens(mailbox), 0),
    ("deliverd@local", "open a socket of the network", makes_socket(AF_INET), errno.EAFNOSUPPORT),
    ("deliverd@local", "read the spool", opens(in_instance("spool/incoming")), errno.EACCES),
    ("deliverd@local", "read passwords", opens(in_instance("data/directory.db")), errno.EACCES),
    ("deliverd@local", "read the key of TLS", opens(in_instance("tls/key.pem")), errno.EACCES),
    ("deliverd@remote", "open a socket of the network", makes_socket(AF_INET), 0),
    ("deliverd@remote", "read a mailbox", opens(mailbox), errno.EACCES),
    ("deliverd@remote", "read the spool", opens(in_instance("spool/incoming")), errno.EACCES),
    ("deliverd@remote", "read passwords", opens(in_instance("data/directory.db")), errno.EACCES),
    ("pop3d", "read a mailbox", opens(mailbox), 0),
    ("pop3d", "open a socket of the network", makes_socket(AF_INET), errno.EAFNOSUPPORT),
    ("pop3d", "open a socket of the host", makes_socket(AF_UNIX), errno.EAFNOSUPPORT),
    ("pop3d", "read the spool", opens(in_instance("spool/incoming")), errno.EACCES),
    ("queued", "read the queue", opens(in_instance("spool/queue.db"), O_RDWR), 0),
    ("queued", "read a mailbox", opens(mailbox), errno.EACCES),
    ("queued", "open a socket of the network", makes_socket(AF_INET), errno.EAFNOSUPPORT),
    ("queued", "read the key of TLS", opens(in_instance("tls/key.pem")), errno.EACCES),
    *((name, what, attempt, errno.EACCES) for name in WORKERS for what, attempt in (
        ("read a secret of the host", HOST_SECRET), ("change the configuration", CONFIGURATION),
        ("change a program", PROGRAM), ("write to another's memory", OTHERS_MEMORY),
        ("take queued's socket away", removes(in_instance("run/queued.sock"))))),
]


@needs_ptrace
@needs_landlock
@pytest.mark.parametrize("name, attempt, expected", [(c[0], c[2], c[3]) for c in CASES],
                         ids=[f"{c[0]} may {'' if c[3] == 0 else 'not '}{c[1]}" for c in CASES])
def test_taken_over(suite, name, attempt, expected):
    with Intruder(worker(suite, name)) as intruder:
        returned = attempt(intruder, suite)
        assert (returned if returned < 0 else 0) == -expected, os.strerror(-min(returned, 0))
        if returned > 0:
            intruder.call("close", returned)


@needs_ptrace
@pytest.mark.skipif(landlock_version() < 4, reason="this kernel's Landlock knows no ports")
def test_smtpd_connects_to_name_servers_alone(suite):
    with socket.create_server(("127.0.0.1", 0)) as server, Intruder(worker(suite, "smtpd")) as intruder:
        fd = intruder.call("socket", AF_INET, SOCK_STREAM, 0)
        assert fd >= 0
        port = server.getsockname()[1]
        address = AF_INET.to_bytes(2, "little") + port.to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
        assert intruder.call("connect", fd, address, len(address)) == -errno.EACCES
        intruder.call("close", fd)


@needs_ptrace
@pytest.mark.parametrize("name", WORKERS)
def test_who_runs_a_program_is_killed_and_the_service_goes_on(suite, name):
    pid = worker(suite, name)
    told = len(suite.events("worker_died"))
    with Intruder(pid) as intruder:
        assert intruder.call("execve", "/bin/true", 0, 0) is None  # it is no more
    line = wait_for(lambda: suite.events("worker_died")[told:], what="the event")[0]
    assert "signal=31" in line and "the sandbox forbids" in line, line
    wait_for(lambda: pid not in processes(suite).get((name, True), [pid]), what="another worker")
    deliver(suite)
    suite.pop3(ANNA).quit()


@needs_ptrace
def test_nobody_kills_another_process(suite):
    told = len(suite.events("worker_died"))
    with Intruder(worker(suite, "deliverd@local")) as intruder:
        assert intruder.call("kill", suite.process.pid, 0) is None
    wait_for(lambda: suite.events("worker_died")[told:], what="the event")


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="root alone becomes another user")
@needs_landlock
def test_an_ordinary_user_is_confined_as_well(tmp_path):
    with Instance({"security": {"sandbox": "require"}}, start=False) as instance:
        # The checkout may be in a folder that others cannot enter, as root's home.
        programs = instance.root / "bin"
        programs.mkdir()
        for name in ("postrider", "smtpd", "queued", "deliverd", "pop3d"):
            shutil.copy(BIN / name, programs)
        program = tmp_path / "postrider"
        program.write_text(f'#!/bin/sh\nexec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups '
                           f'{shlex.quote(str(programs / "postrider"))} "$@"\n')
        program.chmod(0o755)
        instance.add_user(ANNA)
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", instance.root], check=True)
        instance.programs = tmp_path
        instance.start()
        deliver(instance)
        for name in WORKERS:
            pid = worker(instance, name)
            assert (status(pid)["Seccomp"], status(pid)["NoNewPrivs"]) == ("2", "1"), name
            assert status(pid)["Uid"].split()[0] == str(NOBODY)


WITHOUT_LANDLOCK = f"""#!/usr/bin/python3
import ctypes, os, sys
seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.restype = ctypes.c_void_p
context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(0x7fff0000)))
assert seccomp.seccomp_rule_add(context, ctypes.c_uint32(0x00050000 | {errno.ENOSYS}), 444, 0) == 0
assert seccomp.seccomp_load(context) == 0
os.execv("{BIN / 'postrider'}", ["postrider", *sys.argv[1:]])
"""


@pytest.fixture
def old_kernel(tmp_path):
    """A suite, not started, under what seems to be a kernel without Landlock."""
    program = tmp_path / "postrider"
    program.write_text(WITHOUT_LANDLOCK)
    program.chmod(0o755)
    with Instance(start=False) as instance:
        instance.add_user(ANNA)
        instance.programs = tmp_path
        yield instance


def test_a_kernel_that_lacks_something_is_told_of_once_a_daemon(old_kernel):
    old_kernel.start()
    deliver(old_kernel)
    told = old_kernel.events("sandbox_incomplete")
    assert len(told) == len(WORKERS) and all("lacking=Landlock" in line and "mending=" in line for line in told)
    assert status(worker(old_kernel, "smtpd"))["Seccomp"] == "2"


def test_a_kernel_that_lacks_what_is_required_serves_nobody(old_kernel):
    old_kernel.configure({"security": {"sandbox": "require"}})
    with pytest.raises(AssertionError, match="did not start"):
        old_kernel.start()
    told = old_kernel.events("not_started")
    assert told and all("offers no Landlock" in line for line in told)


def test_in_daily_work_nothing_is_refused(suite):
    for n in range(3):
        deliver(suite, MESSAGE.replace("sandbox", f"sandbox {n}") + LINE * 6000)
    client = suite.pop3(ANNA)
    client.retr(1)
    client.dele(1)
    client.quit()
    for words in ("Operation not permitted", "Permission denied", "Function not implemented", "not_started",
                  "sandbox_incomplete"):
        assert words not in suite.log_text()
