"""A smart host that takes mail of its users alone: another suite with its submission listener, and a real Postfix."""

import base64
import contextlib
import re
import signal
import socketserver
import threading

import postfix
import pytest
from certificates import authority, issue
from harness import DOMAIN, Instance, wait_for
from peer import Peer
from test_relay_tls import fields

ANNA = f"anna@{DOMAIN}"
PASSWORD = "correct-horse"
FAR = "carl@far.test"
MESSAGE = f"From: {ANNA}\r\nTo: {FAR}\r\nSubject: hello\r\n\r\ntext\r\n"


@pytest.fixture(scope="module")
def sink():
    with Peer() as running:
        yield running


@pytest.fixture(scope="module")
def provider(sink):
    """The smart host, whose certificate is for localhost."""
    with Instance(start=False) as running:
        tls = running.directory / "tls"
        running.authority = authority(tls)
        issue(tls, "localhost", tls / "certificate.pem", tls / "key.pem")
        running.configure({"route": [{"match": "far.test", "via": sink.route}]})
        running.start()
        running.add_user(ANNA, PASSWORD)
        yield running


@contextlib.contextmanager
def sender(provider, smarthost=None, password=PASSWORD, rights=0o600, start=True, **sections):
    """A suite that sends all mail for others to the provider."""
    with Instance(start=False) as suite:
        secret = suite.directory / "smarthost.password"
        secret.write_text(password + "\n")
        secret.chmod(rights)
        suite.configure({"relay": {"smarthost": smarthost or f"localhost:{provider.port_base + 587}",
                                   "smarthost_user": ANNA, "smarthost_password_file": str(secret)},
                         "queue": {"retry_interval": "1h"}, "tls": {"ca_file": str(provider.authority)}, **sections})
        if start:
            suite.start()
            suite.add_user(ANNA)
        yield suite


def send(suite):
    with suite.smtp() as client:
        client.sendmail(ANNA, [FAR], MESSAGE)


def attempts(suite):
    return [one for one in map(fields, suite.log_text().splitlines()) if one.get("to") == FAR and "tls" in one]


@pytest.mark.parametrize("scheme,port", [("", 587), ("smtps:", 465)])
def test_mail_goes_to_the_smart_host_after_a_login(provider, sink, scheme, port):
    before, logged = len(sink.messages), len(provider.log_text())
    with sender(provider, f"{scheme}localhost:{provider.port_base + port}") as suite:
        told = suite.json("explain", FAR)["steps"][-1]["output"]
        assert told == f"{scheme or 'smtp:'}localhost:{provider.port_base + port}"
        for _ in range(5):
            send(suite)
        wait_for(lambda: len(sink.messages) == before + 5, 60)
        assert all(b"with ESMTPSA" in message.content for message in sink.messages[before:])
        assert all(re.fullmatch(r"TLSv1\.3 \S+ verified", one["tls"]) for one in attempts(suite))
        assert PASSWORD not in suite.log_text()
    assert "SCRAM-SHA-256-PLUS" in provider.log_text()[logged:]


@pytest.mark.parametrize("scheme,port,reason", [
    ("smtps:", 587, r"localhost\[.*: TLS from the first octet failed: what the peer sends is no TLS"),
    ("", 465, r"timed out while waiting for the greeting; if the server expects TLS from the first octet, its next hop "
              r"is smtps:")])
def test_the_wrong_way_to_begin_tls_is_told_in_the_reason(provider, scheme, port, reason):
    smarthost = f"{scheme}localhost:{provider.port_base + port}"
    with sender(provider, smarthost, deliverd={"greeting_timeout": "1s"}) as suite:
        send(suite)
        [outcome] = wait_for(lambda: attempts(suite))
        assert outcome["event"] == "deferred" and re.match(reason, outcome["reply"]), outcome


def test_with_a_wrong_password_mail_waits_until_it_is_mended(provider, sink):
    before = len(sink.messages)
    with sender(provider, password="wrong") as suite:
        send(suite)
        [outcome] = wait_for(lambda: attempts(suite))
        assert outcome["event"] == "deferred" and outcome["status"].startswith("4.7.")
        assert "our login is refused: 535" in outcome["reply"] and "localhost[" in outcome["reply"]
        assert len(suite.events("login_failed")) == 1
        (suite.directory / "smarthost.password").write_text(PASSWORD)
        suite.process.send_signal(signal.SIGHUP)
        wait_for(lambda: suite.command("queue", "retry", "--all", check=False) and len(sink.messages) > before, 60)
        wait_for(lambda: not suite.json("queue", "list")["messages"])
    assert len(sink.messages) == before + 1


def test_a_server_that_is_not_verified_is_shown_nothing(provider, sink):
    before = len(sink.messages)
    with Instance(start=False) as other:
        stranger = authority(other.directory / "tls")
        with sender(provider, tls={"ca_file": str(stranger)}) as suite:
            send(suite)
            [outcome] = wait_for(lambda: attempts(suite))
            assert outcome["status"] == "4.7.5" and "the certificate is " in outcome["reply"]
    assert len(sink.messages) == before


def test_a_password_that_everyone_may_read_is_not_used(provider):
    with sender(provider, rights=0o644, start=False) as suite:
        with pytest.raises(AssertionError, match="chmod o-rw"):
            suite.start()


class Users(socketserver.StreamRequestHandler):
    """Who may log in at Postfix: the other side of its `smtpd_sasl_type = dovecot`, for PLAIN and LOGIN."""

    def handle(self):
        self.wfile.write(b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t" + b"0" * 32 + b"\nDONE\n")
        for line in self.rfile:
            if not line.startswith(b"AUTH\t"):
                continue
            number, response = line.split(b"\t")[1], line.rstrip().partition(b"resp=")[2]
            known = response == self.server.response
            self.wfile.write(b"OK\t%s\tuser=anna\n" % number if known else b"FAIL\t%s\tuser=anna\n" % number)


@contextlib.contextmanager
def users(path, response):
    with socketserver.ThreadingUnixStreamServer(str(path), Users) as server:
        path.chmod(0o666)
        server.response = response
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


@postfix.required
@pytest.mark.parametrize("scheme", ["", "smtps:"])
def test_a_real_postfix_takes_our_login(provider, sink, scheme):
    before = len(sink.messages)
    tls = provider.directory / "tls"
    provider.root.chmod(0o755)  # Postfix gives up root
    response = base64.b64encode(b"\0" + ANNA.encode() + b"\0" + PASSWORD.encode())
    root, sasl = (provider.root / f"{name}-{scheme or 'smtp:'}" for name in ("postfix", "users"))
    with users(sasl, response), postfix.running(root, {
            "mynetworks": "192.0.2.0/24", "relay_domains": "", "default_transport": f"smtp:[127.0.0.1]:{sink.port}",
            "smtpd_tls_security_level": "encrypt", "smtpd_tls_cert_file": tls / "certificate.pem",
            "smtpd_tls_key_file": tls / "key.pem", "smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": sasl,
            "smtpd_recipient_restrictions": "permit_sasl_authenticated, reject",
            "smtpd_sasl_authenticated_header": "yes",
            "smtpd_tls_wrappermode": "yes" if scheme else "no"}) as server:
        server.wait_until_it_listens()
        with sender(provider, f"{scheme}localhost:{server.port}") as suite:
            send(suite)
            wait_for(lambda: len(sink.messages) == before + 1, 60)
            assert b"Authenticated sender: anna" in sink.messages[-1].content
            assert attempts(suite)[-1]["event"] == "sent"
