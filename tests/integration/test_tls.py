"""TLS of smtpd: what the clear part of a conversation may not do, certificates by name and as they are
replaced, tickets among workers, and what the log tells."""

import contextlib
import os
import pathlib
import signal
import socket
import ssl
import struct
import subprocess

import pytest
from certificates import fingerprint, self_signed, served, unverified
from harness import BIN, DOMAIN, HOSTNAME, Instance, wait_for

USER = f"anna@{DOMAIN}"


def listeners(suite):
    modes = {25: "mx", 465: "submissions", 587: "submission"}
    return [{"address": f"127.0.0.1:{suite.port_base + port}", "mode": mode} for port, mode in modes.items()]


@contextlib.contextmanager
def instance(**sections):
    with Instance(start=False) as suite:
        suite.configure({"smtpd": {"listen": listeners(suite), "workers": 2}, **sections})
        suite.add_user(USER)
        with suite.smtpd_alone() as daemon:
            suite.daemon = daemon
            yield suite


@pytest.fixture(scope="module")
def suite():
    with instance() as running:
        yield running


def connect(suite, port=25):
    return socket.create_connection(("127.0.0.1", suite.port_base + port), timeout=20)


def read_all(client):
    try:
        return b"".join(iter(lambda: client.recv(4096), b""))
    except ConnectionResetError:
        return b""


def workers(suite):
    pid = suite.daemon.pid
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def last_event(suite, name, count):
    """The last line of that event, when there are `count` of them."""
    return wait_for(lambda: len(suite.events(name)) >= count and suite.events(name), what=name)[-1]


# ---- Before the handshake ----


def test_what_is_pipelined_behind_starttls_is_refused_and_ends_the_session(suite):
    with connect(suite) as client:
        client.sendall(b"EHLO a\r\nSTARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@example.org>\r\n")
        heard = read_all(client)
    assert heard.splitlines()[-1] == b"503 5.5.1 nothing may follow STARTTLS before the handshake"


def test_what_comes_in_the_clear_after_starttls_is_no_command(suite):
    before = len(suite.events("handshake_failed"))
    with connect(suite) as client:
        client.sendall(b"STARTTLS\r\n")
        lines = client.makefile("rb")
        assert lines.readline().startswith(b"220 ") and lines.readline().startswith(b"220 ")
        client.sendall(b"MAIL FROM:<evil@example.org>\r\n" * 10)
        assert b"250" not in read_all(client)
    line = last_event(suite, "handshake_failed", before + 1)
    assert 'client=127.0.0.1 reason="what the peer sends is no TLS"' in line
    assert len(suite.events("handshake_failed")) == before + 1


def test_what_was_said_in_the_clear_is_forgotten(suite):
    with suite.smtp() as client:
        client.ehlo("evil.example.org")
        client.starttls(context=unverified())
        assert client.mail("ada@example.org")[0] == 503
        assert "starttls" not in client.ehlo("client.test")[1].decode().lower()


def test_submission_takes_no_mail_without_a_login(suite):
    with suite.smtp(suite.port_base + 587) as client:
        client.ehlo()
        assert client.mail("ada@example.org") == (530, b"5.7.0 must issue a STARTTLS command first")
        client.starttls(context=unverified())
        client.ehlo()
        assert client.mail("ada@example.org") == (530, b"5.7.0 authentication required")


def test_under_implicit_tls_nothing_is_said_in_the_clear(suite):
    with connect(suite, 465) as client:
        client.sendall(b"EHLO client.test\r\n")
        assert b"SMTP" not in read_all(client)
    with unverified().wrap_socket(connect(suite, 465)) as client:
        assert client.recv(4096).startswith(b"220 ")


def test_a_client_that_is_reset_under_tls_ends_no_worker(suite):
    before = workers(suite)
    for _ in range(20):
        raw = connect(suite, 465)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client = unverified().wrap_socket(raw)
        client.sendall(b"EHLO a\r\n" + b"HELP\r\n" * 1000)
        client.close()
    assert served(suite)
    assert workers(suite) == before


def test_a_handshake_has_its_time():
    with instance(tls={"handshake_timeout": "1s"}) as suite:
        with connect(suite, 465) as client:
            client.sendall(b"\x16\x03\x01")
            assert read_all(client) == b""
        assert 'reason="the handshake took too long"' in last_event(suite, "handshake_failed", 1)


# ---- Within a message ----


# How it ends: by a reset, by close_notify, or by that and octets in the clear.
@pytest.mark.parametrize("behind", [None, b"", b"x"], ids=["reset", "close_notify", "close_notify and an octet"])
@pytest.mark.parametrize("content", [b"DATA\r\nSubject: half\r\n\r\nhalf a message\r\n.\r", b"BDAT 100\r\n0123456789"],
                         ids=["DATA", "BDAT"])
def test_a_session_that_ends_within_a_message_leaves_nothing(suite, content, behind):
    before = b"".join(f.read_bytes() for f in (suite.spool / "incoming").glob("*.seg"))
    client = suite.smtp()
    client.starttls(context=unverified())
    client.ehlo()
    client.mail("ada@example.org")
    client.rcpt(USER)
    client.send(content)
    if content.startswith(b"DATA"):
        assert client.getreply()[0] == 354
    if behind is not None:
        client.sock = client.sock.unwrap()
        client.send(behind)
    client.close()
    assert served(suite)
    assert b"".join(f.read_bytes() for f in (suite.spool / "incoming").glob("*.seg")) == before


# ---- Tickets ----


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda v: v.name)
def test_each_worker_resumes_what_another_began(suite, version):
    context = unverified(maximum_version=version)
    session = None
    for resting in workers(suite) * 2:
        os.kill(resting, signal.SIGSTOP)
        try:
            with connect(suite, 465) as raw, context.wrap_socket(raw, session=session) as client:
                # The ticket of TLS 1.3 comes with what is read first.
                assert client.recv(4096).startswith(b"220 ")
                assert client.session_reused == (session is not None)
                session = client.session
        finally:
            os.kill(resting, signal.SIGCONT)


# ---- Certificates ----


def test_the_certificate_is_that_of_the_name_asked_for():
    with Instance(start=False) as suite:
        tls = suite.directory / "tls"
        other = self_signed(tls, "mx.example.net")
        wild = self_signed(tls, "*.example.org", "wild")
        suite.configure({"tls": {"additional": [{"certificate": str(c), "key": str(k)} for c, k in (other, wild)]}})
        with suite.smtpd_alone():
            first = fingerprint(tls / "certificate.pem")
            assert served(suite) == served(suite, HOSTNAME) == served(suite, "stranger.test") == first
            assert served(suite, "mx.example.net") == fingerprint(other[0])
            assert served(suite, "mail.example.org") == fingerprint(wild[0])


def test_a_certificate_is_replaced_while_sessions_go_on():
    with instance() as suite, suite.smtp() as session:
        tls = suite.directory / "tls"
        session.starttls(context=unverified())
        session.ehlo()
        session.mail("ada@example.org")
        old = served(suite)

        (tls / "certificate.pem").write_text("-----BEGIN CERTIFICATE-----\nno\n")
        wait_for(lambda: len(suite.events("certificates_not_loaded")) >= 2, what="both workers' word")
        assert served(suite) == old

        new = self_signed(tls, HOSTNAME, "certificate")
        os.rename(new[1], tls / "key.pem")
        wait_for(lambda: len(suite.events("certificates_loaded")) >= 2, what="both workers' word")
        assert {served(suite) for _ in range(8)} == {fingerprint(new[0])}

        assert session.rcpt(USER)[0] == 250
        assert session.data(b"Subject: one\r\n\r\nbody\r\n")[0] == 250
        assert len(suite.events("certificates_not_loaded")) == 2
        assert len(suite.events("connection_refused")) == 0


def test_a_bad_certificate_at_start_is_named_and_nothing_starts():
    with Instance(start=False) as suite:
        path = suite.directory / "tls" / "certificate.pem"
        path.write_text("no certificate\n")
        done = subprocess.run([str(BIN / "smtpd"), "--config", str(suite.config)], capture_output=True, text=True,
                              timeout=20)
        assert done.returncode == 78
        assert "event=not_started" in done.stderr and f"{path}: " in done.stderr


def test_a_reload_with_a_bad_certificate_changes_nothing():
    with instance() as suite:
        old = served(suite)
        suite.configure({"tls": {"certificate": "nowhere.pem"}})
        suite.daemon.send_signal(signal.SIGHUP)
        assert "nowhere.pem: No such file" in last_event(suite, "not_started", 1)
        assert served(suite) == old
