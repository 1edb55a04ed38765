"""Real mail and DNS servers as if they were installed: their unpacked files lie over /usr, and their users are there,
in a mount namespace of the server's own."""

import os
import pathlib
import subprocess

import pytest
from harness import PEERS

# What the programs look up by name; nothing on this host belongs to them.
USERS = ("Debian-exim", "opensmtpd", "opensmtpq", "vmail", "unbound", "dovecot", "dovenull")
FIRST_ID = 64100
MOUNT = ('mount -t overlay overlay -o lowerdir="$1/usr:/usr" /usr && mount --bind "$2/passwd" /etc/passwd && '
         'mount --bind "$2/group" /etc/group && mount -t tmpfs tmpfs /var && mkdir -p /var/spool/smtpd '
         '/var/lib/opensmtpd/empty && chmod 711 /var/spool/smtpd && ln -s /run /var/run && shift 2 && exec "$@"')


def _works():
    if os.geteuid() != 0 or not (PEERS / "usr/sbin").exists():
        return False
    tried = subprocess.run(["unshare", "--mount", "--propagation", "private", "mount", "-t", "overlay", "overlay",
                            "-o", f"lowerdir={PEERS}/usr:/usr", "/usr"], capture_output=True)
    return tried.returncode == 0


required = pytest.mark.skipif(not _works(), reason="root may not mount an overlay here, or the peers are not unpacked")


def user_id(name):
    return FIRST_ID + USERS.index(name)


def start(folder, *arguments, **options):
    """Starts a program of the peers; `folder`, which is made, is for what the namespace needs."""
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    users = "".join(f"{name}:x:{user_id(name)}:{user_id(name)}::/var/lib/opensmtpd/empty:/usr/sbin/nologin\n"
                    for name in USERS)
    groups = "".join(f"{name}:x:{user_id(name)}:\n" for name in USERS)
    (folder / "passwd").write_text(users + pathlib.Path("/etc/passwd").read_text())
    (folder / "group").write_text(groups + pathlib.Path("/etc/group").read_text())
    for name in ("passwd", "group"):
        (folder / name).chmod(0o644)
    return subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c", MOUNT, "sh", str(PEERS),
                             str(folder), *map(str, arguments)], **options)
