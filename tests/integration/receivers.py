"""Real mail servers that take what is relayed to them, each into one folder, and know no `unknown@`."""

import contextlib
import mailbox
import shutil
import socket

import installed
import postfix
from harness import free_port, wait_for

EXIM = """
exim_user = Debian-exim
exim_group = Debian-exim
never_users =
primary_hostname = exim.test
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
spool_directory = {root}/spool
log_file_path = {root}/%slog
smtp_accept_queue_per_connection = 0
tls_advertise_hosts =
host_lookup =
acl_smtp_rcpt = judge_recipient
keep_environment =
begin acl
judge_recipient:
  deny local_parts = unknown
       message = no such user here
  accept
begin routers
all:
  driver = accept
  transport = folder
begin transports
folder:
  driver = appendfile
  directory = {root}/Maildir
  maildir_format
  user = Debian-exim
  group = Debian-exim
"""
OPENSMTPD = """
table known file:{root}/known
listen on 127.0.0.1 port {port} hostname opensmtpd.test
action "folder" maildir "{root}/Maildir" user vmail virtual <known>
match from any for domain "{domain}" rcpt-to regex "^unknown@" reject
match from any for domain "{domain}" action "folder"
"""


class Receiver:
    """Of one that runs: its port, and the messages that it has."""

    def __init__(self, root, port):
        self.port = port
        self.root = root

    def messages(self):
        """The octets of each, in no order."""
        folder = self.root / "Maildir"
        if not (folder / "new").exists():
            return []
        return [one.as_bytes() for one in mailbox.Maildir(folder, create=False)]


def _listens(port):
    with contextlib.suppress(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5).close()
        return True
    return False


@contextlib.contextmanager
def _running(root, port, owner, *arguments):
    shutil.chown(root, installed.user_id(owner), installed.user_id(owner))
    with open(root / "output", "wb") as output:
        server = installed.start(root / "namespace", *arguments, stdout=output, stderr=output)
    try:
        wait_for(lambda: server.poll() is not None or _listens(port), what=f"{arguments[0]}")
        assert server.poll() is None, (root / "output").read_text()
        yield Receiver(root, port)
    finally:
        server.terminate()
        server.wait(20)


@contextlib.contextmanager
def exim(root, domain):
    del domain  # it takes mail for all
    port = free_port()
    (root / "exim.conf").write_text(EXIM.format(root=root, port=port))
    (root / "spool").mkdir()
    shutil.chown(root / "spool", installed.user_id("Debian-exim"))
    with _running(root, port, "Debian-exim", "/usr/sbin/exim4", "-bdf", "-C", root / "exim.conf") as one:
        yield one


@contextlib.contextmanager
def opensmtpd(root, domain):
    port = free_port()
    (root / "known").write_text(f"@{domain} vmail\n")
    (root / "smtpd.conf").write_text(OPENSMTPD.format(root=root, port=port, domain=domain))
    with _running(root, port, "vmail", "/usr/sbin/smtpd", "-d", "-f", root / "smtpd.conf") as one:
        yield one


@contextlib.contextmanager
def postfix_(root, domain):
    owner = installed.user_id("vmail")
    shutil.chown(root, owner, owner)
    settings = {"virtual_mailbox_domains": domain, "virtual_mailbox_base": str(root),
                "virtual_mailbox_maps": "regexp:" + str(root / "recipients"), "virtual_uid_maps": f"static:{owner}",
                "virtual_gid_maps": f"static:{owner}", "virtual_transport": "virtual"}
    (root / "recipients").write_text("/^(one|two|user[0-9]+)@/ Maildir/\n")
    with postfix.running(root / "postfix", settings) as one:
        wait_for(lambda: _listens(one.port), what="postfix")
        yield Receiver(root, one.port)
