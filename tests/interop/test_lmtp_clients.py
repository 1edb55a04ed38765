"""Real LMTP clients deliver to us: Postfix with its lmtp(8), over TCP and over a Unix socket, and smtp-source."""

import subprocess

import postfix
import pytest
from harness import Instance, peer, peer_environment, wait_for

SMTP_SOURCE = peer("smtp-source")
ANNA, BOB, NOBODY = (f"{name}@example.test" for name in ("anna", "bob", "nobody"))
MESSAGE = (b"From: ada@example.org\r\nDate: Thu, 01 Jan 2026 12:00:00 +0000\r\nMessage-ID: <one@example.org>\r\n"
           b"Subject: by way of Postfix\r\n\r\n.\r\n..\r\nGr\xc3\xbc\xc3\x9fe\r\n")


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


@postfix.required
@pytest.mark.parametrize("way", ["tcp", "unix"])
def test_postfix_delivers_to_each_recipient_and_returns_what_is_refused(suite, way):
    before = [len(suite.mailbox(user)) for user in (ANNA, BOB)]
    settings = {"relay_domains": "example.test", "relay_transport": f"lmtp:{ways(suite)[way]}", "smtputf8_enable": "no"}
    with postfix.running(suite.root / way, settings) as running:
        with running.connect() as client:
            client.sendmail("", [ANNA, NOBODY, BOB], MESSAGE, ["BODY=8BITMIME"])
        lines = running.outcomes("lmtp", 3)
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
