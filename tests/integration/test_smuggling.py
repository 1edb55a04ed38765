"""What is hidden in something else has no effect: a second message behind an ending that is none, and commands
in the clear before the TLS handshake."""

import base64
import contextlib
import re
import smtplib
import socket
import ssl

import pytest
import vectors
from certificates import unverified
from harness import DOMAIN, Instance, wait_for

ANNA = f"anna@{DOMAIN}"
PASSWORD = "secret"
TRUE_ENDING = b"\r\n.\r\n"
fixtures = pytest.mark.skipif(not vectors.FIXTURES.is_dir(), reason=f"{vectors.FIXTURES} is not there")
ENDINGS = vectors.endings() if vectors.FIXTURES.is_dir() else []
INJECTIONS = list(vectors.injections()) if vectors.FIXTURES.is_dir() else []
LOGIN = b"AUTH PLAIN " + base64.b64encode(f"\0{ANNA}\0{PASSWORD}".encode()) + b"\r\n"
# By the mode of the listener: its port, and how a client says who it is.
WAYS = {"mx": (25, b"EHLO client.test\r\n"), "lmtp": (24, b"LHLO client.test\r\n"),
        "submissions": (465, b"EHLO client.test\r\n" + LOGIN)}
PORTS = {"smtp": [25, 587], "lmtp": [24], "pop3": [110]}


@pytest.fixture(scope="module")
def suite():
    with Instance(start=False) as running:
        listen = [{"address": f"127.0.0.1:{running.port_base + port}", "mode": mode}
                  for port, mode in {24: "lmtp", 25: "mx", 465: "submissions", 587: "submission"}.items()]
        running.configure({"smtpd": {"listen": listen}})
        running.start()
        running.add_user(ANNA, PASSWORD)
        yield running


def connect(suite, port):
    client = socket.create_connection(("127.0.0.1", suite.port_base + port), 20)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def read_all(client):
    """What comes until the server ends."""
    heard = b""
    try:
        while octets := client.recv(1 << 16):
            heard += octets
    except ConnectionResetError:
        pass
    return heard


# ---- A message in a message ----


def transaction(subject):
    address = ANNA.encode()
    return b"MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\nSubject: %s\r\n\r\nbody" % (address, address, subject)


def say(suite, way, pieces):
    """The codes of the replies to what is sent in pieces, up to the server's end."""
    port, preface = WAYS[way]
    client = connect(suite, port)
    with unverified().wrap_socket(client) if way == "submissions" else client as client:
        for piece in (preface, *pieces):
            client.sendall(piece)
        return re.findall(rb"(?m)^(\d{3}) ", read_all(client))


@pytest.mark.parametrize("way", WAYS)
def test_behind_the_true_ending_a_second_message_is_one(suite, way):
    before = len(suite.mailbox(ANNA))
    codes = say(suite, way, [transaction(b"one") + TRUE_ENDING + transaction(b"two") + TRUE_ENDING + b"QUIT\r\n"])
    assert codes[-9:] == [b"250", b"250", b"354", b"250"] * 2 + [b"221"]
    wait_for(lambda: len(suite.mailbox(ANNA)) == before + 2)


@fixtures
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("ending", ENDINGS, ids=repr)
def test_behind_any_other_ending_there_is_no_second_message(suite, way, ending):
    before = len(suite.mailbox(ANNA))
    first, second = transaction(b"one"), transaction(vectors.SMUGGLED) + TRUE_ENDING + b"QUIT\r\n"
    for at in range(len(ending) + 1):
        codes = say(suite, way, [first + ending[:at], ending[at:] + second])
        assert codes[-5:] == [b"250", b"250", b"354", b"550", b"221"]
    assert say(suite, way, [transaction(b"last") + TRUE_ENDING + b"QUIT\r\n"])[-2:] == [b"250", b"221"]
    wait_for(lambda: len(suite.mailbox(ANNA)) > before)
    assert len(suite.mailbox(ANNA)) == before + 1
    assert b"\nSubject: last\n" in suite.mailbox(ANNA)[-1] and vectors.SMUGGLED not in b"".join(suite.mailbox(ANNA))


# ---- Commands before the handshake ----


def in_one(segments):
    return [b"".join(segments)]


def octet_by_octet(segments):
    return [bytes([octet]) for octet in b"".join(segments)]


def behind_the_go_ahead(segments):
    """The server reads the line of STARTTLS alone, and says that TLS may begin, before the rest is sent."""
    command, rest = re.split(rb"(?<=TLS\r\n)|(?<=STLS\r\n)", b"".join(segments), maxsplit=1)
    return [command, None, rest]


def go_ahead(lines):
    """True when the server says that TLS may begin, false when it ends."""
    return any(re.match(rb"220 .*TLS|\+OK .*TLS", line) for line in lines)


@fixtures
@pytest.mark.parametrize("cut", [in_one, octet_by_octet, behind_the_go_ahead])
@pytest.mark.parametrize("protocol, segments, port", [
    pytest.param(protocol, segments, port, id=f"{port} {segments}")
    for protocol, segments, _ in INJECTIONS for port in PORTS[protocol]])
def test_what_is_injected_before_the_handshake_has_no_effect_after_it(suite, protocol, segments, port, cut):
    with connect(suite, port) as client:
        lines, may_begin = client.makefile("rb"), False
        with contextlib.suppress(ConnectionError):
            for piece in cut(segments):
                if piece is None:
                    assert go_ahead(lines)
                    may_begin = True
                else:
                    client.sendall(piece)
            may_begin = may_begin or go_ahead(lines)
        assert not (may_begin and cut is in_one)
        if may_begin:
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                with unverified().wrap_socket(client) as secured:
                    secured.sendall(b"FAKE test\r\nQUIT\r\n")
                    expected = [b"-ERR", b"+OK"] if protocol == "pop3" else [b"500", b"221"]
                    assert re.findall(rb"(?m)^(\d{3}|-ERR|\+OK) ", read_all(secured)) == expected


@pytest.mark.parametrize("port", [25, 587])
def test_a_transaction_that_began_in_the_clear_does_not_go_on_under_tls(suite, port):
    with smtplib.SMTP("127.0.0.1", suite.port_base + port, "client.test", 20) as client:
        client.ehlo()
        client.mail(ANNA)
        client.rcpt(ANNA)
        if port == 25:
            assert client.docmd("STARTTLS")[0] == 503
            client.rset()
        client.starttls(context=unverified())
        assert [client.docmd(command)[0] for command in (f"RCPT TO:<{ANNA}>", "DATA", "BDAT 0 LAST")] == [503] * 3
        assert client.mail(ANNA)[0] == 503
