"""The PROXY protocol: who is believed, who the client then is, and what is behind the header, in the clear or
under TLS; XCLIENT; and keywords that a listener masks."""

import contextlib
import smtplib
import socket
import ssl
import time

import pytest
from harness import DOMAIN, HOSTNAME, Instance, wait_for

ANNA = f"anna@{DOMAIN}"
ELSEWHERE = "bob@example.net"
V1 = b"PROXY TCP4 203.0.113.9 127.0.0.1 40000 25\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V2 = SIGNATURE + b"\x21\x11\0\x0c" + bytes([203, 0, 113, 9, 127, 0, 0, 1, 0x9c, 0x40, 0, 25])
LOCAL = SIGNATURE + b"\x20\0\0\0"


@pytest.fixture(scope="module")
def suite():
    with Instance(start=False) as running:
        base = running.port_base
        running.configure({"smtpd": {
            "listen": [{"address": f"127.0.0.1:{base + 25}", "mode": "mx", "proxy": True, "mask": ["CHUNKING"]},
                       {"address": f"127.0.0.1:{base + 465}", "mode": "submissions", "proxy": True},
                       {"address": f"127.0.0.1:{base + 587}", "mode": "mx"}],
            "proxy_networks": ["127.0.0.0/31"], "proxy_timeout": "1s", "xclient_networks": ["127.0.0.3"]}})
        running.start()
        running.add_user(ANNA)
        yield running


def connect(suite, header, port=25, source="127.0.0.1"):
    client = socket.create_connection(("127.0.0.1", suite.port_base + port), 20, (source, 0))
    client.sendall(header)
    return client


def smtp(connection):
    """smtplib on a connection that is there, after EHLO."""
    client = smtplib.SMTP(local_hostname="client.test", timeout=20)
    client.sock, client._host = connection, HOSTNAME
    assert client.getreply()[0] == 220
    assert client.ehlo()[0] == 250
    return client


def is_closed(client):
    with contextlib.suppress(ConnectionResetError):
        return client.recv(1) == b""
    return True


@pytest.mark.parametrize("header", [V1, V2], ids=["v1", "v2"])
def test_the_client_is_the_one_that_the_proxy_names(suite, header):
    delivered = len(suite.mailbox(ANNA))
    with smtp(connect(suite, header)) as client:
        client.mail("ada@example.org")
        assert client.rcpt(ELSEWHERE) == (550, b"5.7.1 relaying denied")
        client.rset()
        client.sendmail("ada@example.org", [ANNA], "Subject: x\r\n\r\n")
    wait_for(lambda: len(suite.mailbox(ANNA)) == delivered + 1)
    assert b"Received: from client.test ([203.0.113.9])\n" in suite.mailbox(ANNA)[-1]
    assert "client=203.0.113.9" in suite.events("accepted")[-1]


def test_a_proxy_that_speaks_for_itself_is_the_client(suite):
    with smtp(connect(suite, LOCAL)) as client:
        client.mail("ada@example.org")
        assert client.rcpt(ELSEWHERE)[0] == 250


def test_who_is_unknown_may_not_relay(suite):
    with smtp(connect(suite, b"PROXY UNKNOWN\r\n")) as client:
        client.mail("ada@example.org")
        assert client.rcpt(ELSEWHERE)[0] == 550


def test_tls_may_begin_behind_the_header(suite):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with smtp(context.wrap_socket(connect(suite, V2, 465))) as client:
        assert client.noop()[0] == 250
    with smtp(connect(suite, V1)) as client:
        client.starttls(context=context)
        assert client.ehlo()[0] == 250


@pytest.mark.parametrize("sent, source, reason", [
    (V1, "127.0.0.2", "it is not in smtpd.proxy_networks"),
    (b"EHLO client.test\r\n", "127.0.0.1", "bad PROXY header: it begins as no PROXY header does"),
    (V1.replace(b"TCP4", b"TCP5"), "127.0.0.1", "bad PROXY header: its line names no family that there is"),
    (V2.replace(b"\x11\0\x0c", b"\x11\0\x0b"), "127.0.0.1", "bad PROXY header: its addresses are cut off"),
], ids=["a stranger", "no header", "a bad line", "a bad header"])
def test_others_are_closed_without_a_word(suite, sent, source, reason):
    before = len(suite.events("proxy_refused"))
    assert is_closed(connect(suite, sent, source=source))
    lines = wait_for(lambda: suite.events("proxy_refused")[before:])
    assert f"proxy={source} " in lines[0] and f'reason="{reason}"' in lines[0]


def test_a_header_that_is_not_there_in_time_is_not_waited_for(suite):
    begun = time.monotonic()
    client = connect(suite, V1[:20])
    assert is_closed(client)
    assert 0.5 < time.monotonic() - begun < 10


def test_a_keyword_is_masked_on_its_listener_alone(suite):
    with smtp(connect(suite, V1)) as masked, smtp(connect(suite, b"", 587)) as plain:
        assert plain.has_extn("chunking") and not masked.has_extn("chunking")
        assert masked.docmd("BDAT 0 LAST")[0] == 502


def test_strangers_are_not_offered_dsn(suite):
    with smtp(connect(suite, V1)) as stranger, smtp(connect(suite, LOCAL)) as own:
        assert own.has_extn("dsn") and not stranger.has_extn("dsn")
        assert stranger.docmd("MAIL FROM:<ada@example.org> RET=HDRS")[0] == 555


def test_a_trusted_client_says_who_it_speaks_for(suite):
    delivered = len(suite.mailbox(ANNA))
    with smtp(connect(suite, b"", 587, "127.0.0.3")) as client:
        assert client.has_extn("xclient")
        assert client.docmd("XCLIENT ADDR=203.0.113.9 NAME=far.test")[0] == 220
        client.ehlo()
        assert not client.has_extn("xclient")
        assert client.docmd("XCLIENT ADDR=127.0.0.1 LOGIN=" + ANNA)[0] == 550
        client.mail("ada@example.org")
        assert client.rcpt(ELSEWHERE)[0] == 550
        client.rset()
        client.sendmail("ada@example.org", [ANNA], "Subject: x\r\n\r\n")
    wait_for(lambda: len(suite.mailbox(ANNA)) == delivered + 1)
    assert b"Received: from client.test (far.test [203.0.113.9])\n" in suite.mailbox(ANNA)[-1]


def test_others_may_not_speak_for_anybody(suite):
    with smtp(connect(suite, b"", 587)) as client:
        assert not client.has_extn("xclient")
        assert client.docmd("XCLIENT ADDR=203.0.113.9")[0] == 550
