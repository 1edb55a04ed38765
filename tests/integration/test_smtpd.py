"""smtpd alone, as clients meet it; queued is away the whole time."""

import contextlib
import shutil
import signal
import smtplib
import socket
import subprocess

import pytest
from harness import BIN, Instance, wait_for

USER = "anna@example.test"
BODY = b"Subject: one\r\n\r\nA line that stands in the spool.\r\n"


@contextlib.contextmanager
def smtpd(**settings):
    """An instance of which smtpd alone runs."""
    with Instance(start=False) as suite:
        listen = [{"address": f"127.0.0.1:{suite.smtp_port}", "mode": "mx"}]
        suite.configure({"smtpd": {"listen": listen, "workers": 1, **settings},
                         "relay": {"networks": []}})
        suite.add_user(USER)
        with suite.log.open("ab") as log:
            suite.smtpd = subprocess.Popen([str(BIN / "smtpd"), "--config", str(suite.config)],
                                           stderr=log)
        try:
            wait_for(lambda: connects(suite.smtp_port), what="the listener")
            yield suite
        finally:
            suite.smtpd.terminate()
            suite.smtpd.wait(20)


def connects(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def spooled(suite):
    return b"".join(f.read_bytes() for f in (suite.spool / "incoming").glob("*.seg"))


def test_what_was_acknowledged_survives_a_kill():
    with smtpd() as suite:
        with suite.smtp() as client:
            client.sendmail("ada@example.org", [USER], BODY)
        suite.smtpd.kill()
        suite.smtpd.wait()
        assert BODY in spooled(suite)
        assert "event=accepted" in suite.log_text()


def test_recipients_are_judged_one_by_one():
    with smtpd() as suite, suite.smtp() as client:
        client.ehlo()
        client.mail("ada@example.org")
        assert client.rcpt(USER)[0] == 250
        assert client.rcpt("Anna+tag@EXAMPLE.test")[0] == 250
        assert client.rcpt("nobody@example.test") == (550, b"5.1.1 no such user")
        assert client.rcpt("bob@example.org") == (550, b"5.7.1 relaying denied")


@pytest.mark.parametrize("end", [b"\n.\n", b"\r\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n\x00.\r\n"])
def test_nothing_is_smuggled(end):
    with smtpd() as suite, suite.smtp() as client:
        client.ehlo()
        client.mail("ada@example.org")
        client.rcpt(USER)
        assert client.docmd("DATA")[0] == 354
        client.send(b"one" + end + b"MAIL FROM:<evil@example.org>\r\n\r\n.\r\n")
        assert client.getreply()[0] == 550
        assert client.noop()[0] == 250
        assert b"evil" not in spooled(suite)


def test_a_silent_client_is_told_and_closed():
    with smtpd(command_timeout="1s") as suite:
        with socket.create_connection(("127.0.0.1", suite.smtp_port), timeout=20) as client:
            heard = b"".join(iter(lambda: client.recv(4096), b""))
        assert heard.splitlines()[-1].startswith(b"421 4.4.2 ")


def admitted(suite):
    try:
        return suite.smtp()
    except smtplib.SMTPConnectError:
        return None


def test_connections_beyond_the_limit_are_refused():
    with smtpd(connection_limit=1) as suite, wait_for(lambda: admitted(suite)):
        with pytest.raises(smtplib.SMTPConnectError) as refused:
            suite.smtp()
        assert refused.value.smtp_code == 421


def test_sigterm_ends_idle_sessions_and_then_smtpd():
    with smtpd() as suite:
        client = suite.smtp()
        suite.smtpd.send_signal(signal.SIGTERM)
        assert client.getreply()[0] == 421
        client.close()
        assert suite.smtpd.wait(20) == 0


@pytest.mark.skipif(shutil.which("swaks") is None, reason="swaks is not installed")
def test_swaks_pipelines():
    with smtpd() as suite:
        done = subprocess.run(["swaks", "--server", f"127.0.0.1:{suite.smtp_port}", "--pipeline", "--from",
                               "ada@example.org", "--to", USER], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout
