"""Real LMTP clients deliver to us: Postfix with its lmtp(8), over TCP and over a Unix socket, and smtp-source."""

import contextlib
import os
import shutil
import smtplib
import subprocess

import pytest
from harness import PEERS, Instance, free_port, peer, peer_environment, wait_for

POSTFIX = PEERS / "usr/lib/postfix/sbin"
SMTP_SOURCE = peer("smtp-source")
ANNA, BOB, NOBODY = (f"{name}@example.test" for name in ("anna", "bob", "nobody"))
MESSAGE = (b"From: ada@example.org\r\nDate: Thu, 01 Jan 2026 12:00:00 +0000\r\nMessage-ID: <one@example.org>\r\n"
           b"Subject: by way of Postfix\r\n\r\n.\r\n..\r\nGr\xc3\xbc\xc3\x9fe\r\n")
# What Postfix needs of its services; none in a chroot.
SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
lmtp unix - - n - - lmtp
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
relay_domains = example.test
relay_transport = lmtp:{way}
maillog_file = {root}/log
maillog_file_prefixes = {root}
import_environment = LD_LIBRARY_PATH={peers}/usr/lib/postfix MAIL_CONFIG={root}/etc PATH=/usr/bin:/bin
smtputf8_enable = no
"""


@pytest.fixture(scope="module")
def suite():
    with Instance(start=False) as running:
        base = running.port_base
        running.configure({"smtpd": {"listen": [{"address": f"127.0.0.1:{base + 25}", "mode": "mx"},
                                                {"address": f"127.0.0.1:{base + 24}", "mode": "lmtp"},
                                                {"address": "unix:run/lmtp.sock", "mode": "lmtp"}]}})
        # Postfix connects as another user.
        for folder in (running.root, running.directory, running.directory / "run"):
            folder.chmod(0o755)
        running.start()
        (running.directory / "run").chmod(0o755)
        running.add_user(ANNA)
        running.add_user(BOB)
        yield running


def ways(suite):
    return {"tcp": f"inet:127.0.0.1:{suite.port_base + 24}", "unix": f"unix:{suite.directory}/run/lmtp.sock"}


@contextlib.contextmanager
def postfix(root, way):
    """A Postfix of its own that hands mail for example.test on by that way; gives its port."""
    port = free_port()
    queue = root / "queue"
    for folder in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private",
                   "saved", "trace", "maildrop", "public", "pid"):
        (queue / folder).mkdir(parents=True, mode=0o700 if folder not in ("public", "pid") else 0o755)
        if folder != "pid":
            shutil.chown(queue / folder, "daemon")
    (root / "data").mkdir()
    shutil.chown(root / "data", "daemon")
    (root / "etc").mkdir()
    (root / "etc/master.cf").write_text(SERVICES.format(port=port))
    (root / "etc/main.cf").write_text(SETTINGS.format(root=root, daemons=POSTFIX, peers=PEERS, way=way))
    environment = {**peer_environment(), "MAIL_CONFIG": str(root / "etc")}
    master = subprocess.Popen([POSTFIX / "master", "-d", "-c", root / "etc"], env=environment)
    try:
        yield port
    finally:
        master.terminate()
        master.wait()


@pytest.mark.skipif(not (POSTFIX / "lmtp").exists(), reason="postfix is not unpacked")
@pytest.mark.skipif(os.geteuid() != 0, reason="Postfix's master wants to be root")
@pytest.mark.parametrize("way", ["tcp", "unix"])
def test_postfix_delivers_to_each_recipient_and_returns_what_is_refused(suite, way):
    before = [len(suite.mailbox(user)) for user in (ANNA, BOB)]
    with postfix(suite.root / way, ways(suite)[way]) as port:
        def submit():
            with contextlib.suppress(ConnectionRefusedError):
                with smtplib.SMTP("127.0.0.1", port, local_hostname="client.test") as client:
                    client.sendmail("", [ANNA, NOBODY, BOB], MESSAGE, ["BODY=8BITMIME"])
                return True
        wait_for(submit, what="Postfix")
        log = suite.root / way / "log"
        wait_for(lambda: log.exists() and log.read_text().count("relay=") >= 3, 30, "three deliveries")
        lines = [line for line in log.read_text().splitlines() if "postfix/lmtp" in line and "to=<" in line]
    outcome = {line.split("to=<")[1].split(">")[0]: line for line in lines}
    assert "dsn=2.0.0, status=sent (250 2.0.0 accepted as " in outcome[ANNA]
    assert "status=sent" in outcome[BOB]
    assert "dsn=5.1.1, status=bounced" in outcome[NOBODY] and "550 5.1.1 no such user" in outcome[NOBODY]
    for user, count in zip((ANNA, BOB), before):
        wait_for(lambda: len(suite.mailbox(user)) == count + 1)
        assert suite.mailbox(user)[-1].endswith(MESSAGE.replace(b"\r\n", b"\n"))
        assert b"Received: from postfix.test (" in suite.mailbox(user)[-1]


@pytest.mark.skipif(SMTP_SOURCE is None, reason="smtp-source (package postfix) is not unpacked")
@pytest.mark.parametrize("way", ["tcp", "unix"])
def test_smtp_source_delivers_many(suite, way):
    before = len(suite.mailbox(ANNA))
    done = subprocess.run([SMTP_SOURCE, "-L", "-d", "-s", "5", "-m", "50", "-f", "ada@example.org", "-t", ANNA,
                           ways(suite)[way]], env=peer_environment(), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    wait_for(lambda: len(suite.mailbox(ANNA)) == before + 50)
