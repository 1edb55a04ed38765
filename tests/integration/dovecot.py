"""Dovecot as a mail store: it takes mail by LMTP, at a port and at a Unix socket, for the users that it knows."""

import contextlib
import mailbox
import shutil

import installed
from harness import free_port, wait_for

CONFIGURATION = """
base_dir = {root}/base
state_dir = {root}/state
log_path = {root}/log
protocols = lmtp
listen = 127.0.0.1
ssl = no
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_plugins = quota
plugin {{
  quota = count:User quota
  quota_vsizes = yes
}}
userdb {{
  driver = passwd-file
  args = {root}/users
}}
passdb {{
  driver = passwd-file
  args = {root}/users
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
  unix_listener {root}/lmtp {{
    mode = 0666
  }}
}}
"""


class Dovecot:
    """`users` are addresses with the octets that their mailboxes hold, 0 for any number."""

    def __init__(self, root, users):
        self.root = root
        self.port = free_port()
        self.socket = root / "lmtp"
        self._server = None
        owner = installed.user_id("vmail")
        (root / "mail").mkdir()
        shutil.chown(root / "mail", owner, owner)
        (root / "users").write_text("".join(
            f"{address}:{{PLAIN}}secret:{owner}:{owner}::{root}/mail/{address}::" +
            (f"userdb_quota_rule=*:bytes={octets}" if octets else "") + "\n" for address, octets in users.items()))
        (root / "dovecot.conf").write_text(CONFIGURATION.format(root=root, port=self.port))

    def start(self):
        with open(self.root / "output", "wb") as output:
            self._server = installed.start(self.root / "namespace", "/usr/sbin/dovecot", "-F", "-c",
                                           self.root / "dovecot.conf", stdout=output, stderr=output)
        wait_for(lambda: self._server.poll() is not None or self.socket.exists(), what="dovecot")
        assert self._server.poll() is None, (self.root / "output").read_text()

    def stop(self):
        if self._server is not None:
            self._server.terminate()
            self._server.wait(20)
        self._server = None

    def messages(self, address):
        """The octets of each, with LF at the ends of lines, in no order."""
        folder = self.root / "mail" / address / "Maildir"
        if not (folder / "new").exists():
            return []
        return [one.as_bytes() for one in mailbox.Maildir(folder, create=False)]


@contextlib.contextmanager
def running(root, users):
    store = Dovecot(root, users)
    store.start()
    try:
        yield store
    finally:
        store.stop()
