"""The POP3 servers of Dovecot and Courier on a Maildir: one session of each, without a network or logins."""

import pathlib
import shutil
import subprocess

import installed

OWNER = installed.user_id("vmail")
DOVECOT = """
base_dir = {root}/base
state_dir = {root}/state
log_path = /dev/stderr
protocols = pop3
ssl = no
first_valid_uid = 1
mail_uid = {owner}
mail_gid = {owner}
mail_location = maildir:{maildir}
pop3_uidl_format = {format}
"""


def _talk(root, lines, *arguments):
    server = installed.start(root / "namespace", *arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    said, log = server.communicate("".join(line + "\r\n" for line in [*lines, "QUIT"]).encode(), timeout=60)
    assert b"-ERR" not in said and said.count(b"+OK") >= len(lines) + 1, (said, log)
    return said.decode().splitlines()


def _own(path):
    for one in [path, *path.rglob("*")]:
        shutil.chown(one, OWNER, OWNER)


def unique_ids(answer):
    """What UIDL said: by number, in the server's order."""
    return [line.split()[1] for line in answer if line[:1].isdigit()]


def dovecot(maildir, *lines, format="%08Xu%08Xv"):
    """What Dovecot answers to these commands, and to QUIT."""
    root = pathlib.Path(maildir).parent
    for name in ("base", "state"):
        (root / name).mkdir(exist_ok=True)
    (root / "dovecot.conf").write_text(DOVECOT.format(root=root, owner=OWNER, maildir=maildir, format=format))
    _own(root)
    return _talk(root, lines, "env", "USER=vmail", f"HOME={root}", "/usr/lib/dovecot/pop3", "-c",
                 root / "dovecot.conf")


def courier(maildir, *lines):
    root = pathlib.Path(maildir).parent
    return _talk(root, lines, "env", "AUTHENTICATED=anna", "AUTHADDR=anna", "TCPREMOTEIP=127.0.0.1",
                 f"MAILDIR={maildir}", "/usr/lib/courier/courier/courierpop3d", maildir)
