"""A running instance of the suite for one test.

    with Instance({"queue": {"retry_interval": "2s"}}) as suite:
        suite.add_user("anna@example.test", "secret")
        with suite.smtp() as client:
            client.sendmail("ada@example.org", ["anna@example.test"], MESSAGE)
        wait_for(lambda: suite.mailbox("anna@example.test"))

The executables come from $POSTRIDER_BIN, and those with the sanitizers from $POSTRIDER_SANITIZED_BIN. Everything
is on loopback, on free ports, in a temporary directory; processes are ended by their own pids.
"""

import contextlib
import json
import os
import pathlib
import poplib
import random
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import threading
import time
import tomllib

import pytest

BIN = pathlib.Path(os.environ.get("POSTRIDER_BIN", "build/bin")).resolve()
SANITIZED_BIN = pathlib.Path(os.environ.get("POSTRIDER_SANITIZED_BIN", "build/debug/bin")).resolve()
# Built with the tests; where they are not, for the benchmark.
SINK = next((p for p in (SANITIZED_BIN / "smtp_sink", BIN / "smtp_sink") if p.exists()), None)
PEERS = pathlib.Path(os.environ.get("POSTRIDER_PEERS", "build/peers")).resolve()
# What the sanitizers write to the log when they have found something.
SANITIZER_REPORTS = ("AddressSanitizer", "LeakSanitizer", "runtime error:", "UndefinedBehaviorSanitizer")
needs_sanitized = pytest.mark.skipif(not (SANITIZED_BIN / "postrider").exists(),
                                     reason=f"the programs with the sanitizers are not in {SANITIZED_BIN}")
HOSTNAME = "mx.example.test"
DOMAIN = "example.test"
START_SECONDS = 60
STOP_SECONDS = 20


def peer(name):
    """The path of a real peer's program: unpacked by ./dev, else the system's; None if there is none."""
    return shutil.which(name, path=f"{PEERS}/usr/sbin:{os.environ['PATH']}:/usr/sbin:/sbin")


def peer_environment():
    """In which an unpacked program finds its own libraries."""
    return dict(os.environ, LD_LIBRARY_PATH=str(PEERS / "usr/lib/postfix"))


def wait_for(condition, seconds=20.0, what="the condition"):
    """Calls `condition` until it returns something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        time.sleep(0.02)


@contextlib.contextmanager
def file_system(folder, octets):
    """A file system of its own in the place of the folder. The test is skipped where none can be mounted."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={octets},mode=0700", "postrider", folder],
                             capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def without_trace(message):
    """What follows the three fields that Postrider puts before a message; line ends are as they come."""
    match = re.match(rb"Return-Path: <[^>\r\n]*>\r?\nDelivered-To: [^\r\n]+\r?\n"
                     rb"Received: [^\r\n]+\r?\n(?:\t[^\r\n]+\r?\n)+", message)
    assert match, message[:300]
    return message[match.end():]


def _is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port_base():
    """A number that can be added to the well-known ports; below the range of outgoing ports."""
    while True:
        base = random.randrange(10000, 31000)
        if all(_is_free(base + port) for port in (24, 25, 90, 110, 465, 587, 995)):
            return base


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _toml_value(value):
    if isinstance(value, list):
        return "[" + ", ".join(_toml_value(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml_value(v)}" for k, v in value.items()) + " }"
    return json.dumps(value)


def _toml(document):
    top = [f"{k} = {_toml_value(v)}" for k, v in document.items() if not isinstance(v, dict)]
    for name, section in document.items():
        if isinstance(section, dict):
            top.append(f"\n[{name}]")
            top += [f"{k} = {_toml_value(v)}" for k, v in section.items()]
    return "\n".join(top) + "\n"


def _stat(pid):
    """The state and the parent of a process, or nothing if it is gone."""
    try:
        state, parent = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return None
    return state, int(parent)


def _command_line(process):
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def _descendants(pid):
    """The process and all that descend from it, parents first."""
    parents = {int(p.name): _stat(p.name) for p in pathlib.Path("/proc").iterdir() if p.name.isdigit()}
    found = [pid]
    for one in found:
        found += [child for child, stat in parents.items() if stat and stat[1] == one]
    return found


def is_alive(pid):
    """False for a zombie as well: whoever inherited it has not looked yet. But while one of its threads
    is still ending, it has its files and sockets."""
    stat = _stat(pid)
    if stat is None or stat[0] != "Z":
        return stat is not None
    try:
        return len(os.listdir(f"/proc/{pid}/task")) > 1
    except FileNotFoundError:
        return False


class Instance:
    """`overrides` is merged into the configuration: {"section": {"key": value}, "route": [...]};
    `environment` into that of the processes; `programs` is where these are."""

    def __init__(self, overrides=None, start=True, environment=None, programs=BIN):
        self.programs = programs
        self.environment = {**os.environ, **(environment or {})}
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="postrider-", dir="/tmp"))
        self.directory = self.root / "instance"
        self.config = self.directory / "postrider.toml"
        self.log = self.root / "log"
        self.port_base = free_port_base()
        self.process = None
        self.command("init", self.directory, "--hostname", HOSTNAME, "--domain", DOMAIN,
                     "--port-base", self.port_base, with_config=False)
        # Tests have passwords that are easy to read.
        self.configure({"passwords": {"min_length": 1, "common": "/dev/null"}})
        if programs == SANITIZED_BIN:  # its reports come from a program that it runs
            self.configure({"security": {"sandbox": "off"}})
        self.configure(overrides or {})
        if start:
            self.start()

    smtp_port = property(lambda self: self.port_base + 25)
    pop3_port = property(lambda self: self.port_base + 110)
    spool = property(lambda self: self.directory / "spool")

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if kind is not None:
            print(f"--- log of {self.directory}\n{self.log_text()[-20000:]}")
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def configure(self, overrides):
        document = tomllib.loads(self.config.read_text())
        for name, value in overrides.items():
            if isinstance(value, dict):
                document.setdefault(name, {}).update(value)
            else:
                document[name] = value
        self.config.write_text(_toml(document))

    def command(self, *arguments, input=None, check=True, with_config=True, program="postrider"):
        """Runs the command; returns the finished process with text output."""
        config = ["--config", str(self.config)] if with_config else []
        done = subprocess.run([str(self.programs / program), *config, *map(str, arguments)], input=input,
                              capture_output=True, text=True, timeout=60)
        if check and done.returncode != 0:
            raise AssertionError(f"{arguments}: exit {done.returncode}: {done.stderr}{done.stdout}")
        return done

    def json(self, *arguments):
        """The command's answer with --json."""
        return json.loads(self.command("--json", *arguments).stdout)

    def start(self):
        """Starts the suite in a process group of its own, as a shell does, and waits for the line `ready`."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([str(self.programs / "postrider"), "--config", str(self.config), "run"],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                                            process_group=0, env=self.environment)
        timer = threading.Timer(START_SECONDS, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        if line.strip() != b"ready":
            self.process.wait()
            raise AssertionError(f"the suite did not start:\n{self.log_text()[-4000:]}")

    @contextlib.contextmanager
    def smtpd_alone(self):
        """Runs smtpd without the others: what it accepts stays in the spool."""
        with self.log.open("ab") as log:
            process = subprocess.Popen([str(self.programs / "smtpd"), "--config", str(self.config)], stderr=log)
        try:
            wait_for(lambda: not _is_free(self.smtp_port), what="the listener")
            yield process
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)

    def stop(self):
        """Ends the suite as an administrator would; returns its exit status."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process = process
            self.kill()
            raise AssertionError(f"the suite did not end within {STOP_SECONDS} s")
        process.stdout.close()
        return status

    def kill(self):
        """SIGKILL to every process of the suite at once, as a crash of the host would."""
        process, self.process = self.process, None
        pids = {*_descendants(process.pid), *self._orphans()}
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in filter(is_alive, pids):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        process.wait()
        process.stdout.close()
        wait_for(lambda: not any(map(is_alive, pids)), what="the end of all processes")

    def _orphans(self):
        """Workers whose parents were killed before."""
        named = str(self.config).encode()
        return [int(p.name) for p in pathlib.Path("/proc").iterdir()
                if p.name.isdigit() and named in _command_line(p).split(b"\0")]

    def restart(self):
        self.stop()
        self.start()

    def pids(self):
        """Of the supervisor, the daemons and their workers."""
        return _descendants(self.process.pid)

    def add_user(self, address, password="secret"):
        self.command("user", "add", address, "--password-stdin", input=password + "\n")

    def smtp(self, port=None):
        return smtplib.SMTP("127.0.0.1", port or self.smtp_port, local_hostname="client.test", timeout=30)

    def pop3(self, address, password="secret"):
        client = poplib.POP3("127.0.0.1", self.pop3_port, timeout=30)
        client.user(address)
        client.pass_(password)
        return client

    def mailbox(self, address):
        """The messages in the Maildir, as octets with LF lines, oldest first."""
        user, _, domain = address.partition("@")
        maildir = self.directory / "mail" / domain / user / "Maildir"
        files = [f for folder in ("new", "cur") if (maildir / folder).is_dir()
                 for f in (maildir / folder).iterdir()]
        return [f.read_bytes() for f in sorted(files, key=lambda f: f.name)]

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def sanitizer_reports(self):
        """The lines of the log in which a sanitizer has found something."""
        return [line for line in self.log_text().splitlines() if any(word in line for word in SANITIZER_REPORTS)]

    def events(self, name):
        """The lines of the log that tell of this event."""
        return [line for line in self.log_text().splitlines() if f"event={name}" in line.split()]
