"""A Debian 12 host for one test module: a root file system of its own, booted with systemd by systemd-nspawn, with no
network but its loopback.

    with Machine(folder, packages) as machine:
        machine.run("apt install ./postrider_*.deb", input="y\\n")
        with machine.network():
            smtplib.SMTP("127.0.0.1", 25)

The root is made once by debootstrap, in build/system, with what the package depends on as files that apt has fetched
but not installed; each machine writes to an overlay of it. Needs root, and is skipped where the kernel or the host
does not let it.
"""

import contextlib
import ctypes
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from harness import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASE = pathlib.Path(os.environ.get("POSTRIDER_SYSTEM_ROOT", ROOT / "build/system/root"))
JOURNAL = BASE.parent / "journal"
SUITE = "bookworm"
CLONE_NEWNET = 0x40000000
BOOT_SECONDS = 90
STOP_SECONDS = 60
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
               "LANG": "C.UTF-8", "TERM": "dumb"}


def call(*arguments, **options):
    """Runs a program of this host; says what it said where it fails."""
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def mirror():
    """Of which apt of this host fetches the suite."""
    known = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages",
                            f"Codename: {SUITE}", "Component: main"], capture_output=True, text=True).stdout.split()
    return known[0] if known else "http://deb.debian.org/debian"


def bootstrapped():
    """The root, made where it is not there yet: what debootstrap takes for a Debian host without its kernel."""
    if not (BASE / "etc/debian_version").exists():
        BASE.parent.mkdir(parents=True, exist_ok=True)
        made = pathlib.Path(tempfile.mkdtemp(dir=BASE.parent))
        # What it mounts there goes with it.
        call("unshare", "--mount", "debootstrap", "--include=ca-certificates,dbus", SUITE, made, mirror(), timeout=1500)
        made.chmod(0o755)
        made.rename(BASE)
    return BASE


def fetch_dependencies(package):
    """What the package needs and the root has not, as apt leaves it in its cache; the machine has no network."""
    needs = call("dpkg-deb", "--field", package, "Depends", "Recommends")
    stamp = BASE / f"var/cache/apt/fetched-{hashlib.sha256(needs.encode()).hexdigest()[:16]}"
    if stamp.exists():
        return
    inside = BASE / "root" / package.name
    shutil.copy(package, inside)
    try:
        for command in (("update",), ("install", "--yes", "--download-only", f"/root/{package.name}")):
            call("chroot", BASE, "apt-get", "--quiet", *command, timeout=600,
                 env={**os.environ, **ENVIRONMENT, "DEBIAN_FRONTEND": "noninteractive"})
    finally:
        inside.unlink()
    stamp.touch()


def why_not():
    """Why no machine can be booted here; empty: it can."""
    if os.geteuid() != 0:
        return "booting a machine needs root"
    missing = [name for name in ("systemd-nspawn", "debootstrap", "nsenter") if shutil.which(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    tried = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "true"], capture_output=True, text=True)
    return tried.stderr


def inner_pid(pid):
    """The number of a process in its own namespace of processes, where that is not this one; else None."""
    with contextlib.suppress(OSError, StopIteration):
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
        numbers = next(line for line in lines if line.startswith("NSpid:")).split()[1:]
        return int(numbers[-1]) if len(numbers) > 1 else None
    return None


def first_process(nspawn):
    """Of the machine, as this host knows it."""
    with contextlib.suppress(OSError, StopIteration):
        children = pathlib.Path(f"/proc/{nspawn}/task/{nspawn}/children").read_text().split()
        return next(int(one) for one in children if inner_pid(one) == 1)
    return None


class Machine:
    """`packages` is a folder of this host that the machine sees as /packages."""

    def __init__(self, folder, packages):
        self.folder, self.packages = pathlib.Path(folder), packages
        self.root = self.folder / "root"
        self.console = self.folder / "console"
        self.process = self.leader = None

    def __enter__(self):
        for name in ("root", "upper", "work"):
            (self.folder / name).mkdir(parents=True)
        call("mount", "-t", "overlay", "overlay", "-o",
             f"lowerdir={BASE},upperdir={self.folder}/upper,workdir={self.folder}/work", self.root)
        try:
            self._boot()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_):
        JOURNAL.write_text(self.journal())  # for who wants to know why a test has failed
        self._end()

    def reboot(self):
        self._halt()
        self._boot()

    def _boot(self):
        # Neither registered nor in a scope of its own: the host itself may be without systemd.
        with self.console.open("ab") as console:
            self.process = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--boot",
                 f"--machine=postrider-{id(self)}", "--hostname=mail", f"--bind-ro={self.packages}:/packages",
                 # What a machine would let them do: the daemons confine themselves.
                 "--system-call-filter=landlock_create_ruleset landlock_add_rule landlock_restrict_self",
                 "--console=pipe", "-D", str(self.root)],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        self.leader = wait_for(lambda: first_process(self.process.pid), BOOT_SECONDS, "the first process")
        wait_for(lambda: self.run("systemctl is-system-running", check=False).stdout.strip() in ("running", "degraded"),
                 BOOT_SECONDS, "the machine")

    def _halt(self):
        if self.process is None or self.process.poll() is not None:
            return
        if self.leader:  # halt.target, as systemd(1) says
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.leader, signal.SIGRTMIN + 3)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _end(self):
        self._halt()
        call("umount", self.root)
        shutil.rmtree(self.folder)

    def run(self, command, input="", check=True, timeout=120):
        """A command of the machine's shell, as root; its output is what it said on both."""
        inside = ["nsenter", "--target", str(self.leader), "--all", "--wdns=/root", "/bin/sh", "-c", command]
        done = subprocess.run(inside, env=ENVIRONMENT, text=True, input=input, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=timeout)
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
        return done

    def journal(self, unit="*"):
        return self.run(f"journalctl --no-pager --output cat --unit 'postrider{unit}'", check=False).stdout

    def main_pid(self, service):
        """Of the service's first process, as this host knows it; 0: it does not run."""
        inside = int(self.run(f"systemctl show --property MainPID --value postrider-{service}.service").stdout)
        processes = (int(path.name) for path in pathlib.Path("/proc").glob("[0-9]*"))
        return inside and next((pid for pid in processes if inner_pid(pid) == inside and self._has(pid)), 0)

    def _has(self, pid):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            return os.readlink(f"/proc/{pid}/ns/pid") == os.readlink(f"/proc/{self.leader}/ns/pid")
        return False

    @contextlib.contextmanager
    def network(self):
        """This thread, and those that it starts meanwhile, are in the machine's network."""
        libc = ctypes.CDLL(None, use_errno=True)

        def enter(descriptor):
            if libc.setns(descriptor, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")

        with open("/proc/thread-self/ns/net") as own, open(f"/proc/{self.leader}/ns/net") as machine:
            enter(machine.fileno())
            try:
                yield
            finally:
                enter(own.fileno())
