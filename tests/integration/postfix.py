"""Postfix for tests: unpacked, not installed, in a folder of its own. It takes mail from everybody on loopback and
hands it on as its settings tell."""

import contextlib
import os
import shutil
import smtplib
import socket
import subprocess

import pytest
from harness import PEERS, free_port, peer_environment, wait_for

DAEMONS = PEERS / "usr/lib/postfix/sbin"
required = pytest.mark.skipif(not (DAEMONS / "master").exists() or os.geteuid() != 0,
                              reason="postfix is not unpacked, or its master may not run: it wants to be root")
# None in a chroot.
SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
lmtp unix - - n - - lmtp
smtp unix - - n - - smtp
virtual unix - n n - - virtual
tlsmgr unix - - n 1000? 1 tlsmgr
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""
SETTINGS = """
compatibility_level = 3.6
queue_directory = {root}/queue
daemon_directory = {daemons}
command_directory = {peers}/usr/sbin
data_directory = {root}/data
mail_owner = daemon
setgid_group = mail
default_privs = nobody
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = postfix.test
mydestination =
mynetworks = 127.0.0.0/8
local_recipient_maps =
alias_maps =
maillog_file = {root}/log
maillog_file_prefixes = {root}
import_environment = LD_LIBRARY_PATH={peers}/usr/lib/postfix MAIL_CONFIG={root}/etc PATH=/usr/bin:/bin
"""
QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop", "pid", "private",
          "public", "saved", "trace")


class Postfix:
    """Of a Postfix that runs: its port, and what it logs."""

    def __init__(self, root, port):
        self.port = port
        self._log = root / "log"

    def connect(self):
        """An SMTP client of it."""
        def attempt():
            with contextlib.suppress(ConnectionRefusedError):
                return smtplib.SMTP("127.0.0.1", self.port, local_hostname="client.test", timeout=60)
        return wait_for(attempt, what="Postfix")

    def wait_until_it_listens(self):
        """Whatever its TLS."""
        def attempt():
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", self.port), 60).close()
                return True
        wait_for(attempt, what="Postfix")

    def log_lines(self, service):
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [line for line in lines if f" postfix/{service}[" in line]

    def outcomes(self, service, count):
        """Waits until that service has logged `count` outcomes; the lines."""
        def logged():
            return [line for line in self.log_lines(service) if " status=" in line]
        wait_for(lambda: len(logged()) >= count, 60, f"{count} outcomes of Postfix")
        return logged()


@contextlib.contextmanager
def running(root, settings):
    """A Postfix in the folder `root`, which is made, with `settings` beside those that it needs to run here."""
    port = free_port()
    for name in QUEUES:
        folder = root / "queue" / name
        folder.mkdir(parents=True, mode=0o755 if name in ("public", "pid") else 0o700)
        if name != "pid":
            shutil.chown(folder, "daemon")
    (root / "data").mkdir()
    shutil.chown(root / "data", "daemon")
    (root / "etc").mkdir()
    (root / "etc/master.cf").write_text(SERVICES.format(port=port))
    (root / "etc/main.cf").write_text(SETTINGS.format(root=root, daemons=DAEMONS, peers=PEERS) +
                                      "".join(f"{name} = {value}\n" for name, value in settings.items()))
    master = subprocess.Popen([DAEMONS / "master", "-d", "-c", root / "etc"],
                              env={**peer_environment(), "MAIL_CONFIG": str(root / "etc")})
    try:
        yield Postfix(root, port)
    finally:
        master.terminate()
        master.wait()
