"""The sink tells what other tests believe it: whoever opens too many connections, or sends too fast, is seen."""

import contextlib
import smtplib
import ssl
import time

import pytest
from certificates import self_signed
from harness import SINK, free_port
from smtp_sink import Sink

RATE = 20


@contextlib.contextmanager
def sink(rate=None, **options):
    """The sink, its one host, and how to connect to it; the host's report is there when the block is left."""
    port = free_port()
    host = f"127.0.0.1:{port}"
    with Sink(SINK, {host: rate}, **options) as running:
        yield running, host, lambda: smtplib.SMTP("127.0.0.1", port, local_hostname="client.test", timeout=20)


def send(client, recipients=1):
    assert client.sendmail("a@a.test", [f"b{i}@b.test" for i in range(recipients)], "Subject: a\r\n\r\n") == {}


def test_connections_are_counted_that_are_open_at_one_time():
    with sink() as (running, host, connect):
        for _ in range(20):
            client = connect()
            client.close()
        assert running.stop()[host]["most_connections"] == 1
    with sink() as (running, host, connect):
        clients = [connect() for _ in range(3)]
        clients.pop().quit()
        connect().quit()
        report = running.stop()[host]
        assert (report["connections"], report["most_connections"]) == (4, 3)


@pytest.mark.parametrize("pause, early", [(0, 9 / RATE), (0.5 / RATE, 4.5 / RATE), (1.5 / RATE, 0)])
def test_a_message_that_comes_too_soon_is_seen(pause, early):
    with sink(rate=RATE) as (running, host, connect):
        with connect() as client:
            for _ in range(10):
                send(client)
                time.sleep(pause)
        # Sending takes time as well.
        ahead = running.stop()[host]["most_ahead"]
        assert early * 0.6 <= ahead <= early


def test_messages_and_recipients_are_counted_and_the_sink_ends_after_the_last():
    with sink(messages=3) as (running, host, connect):
        before = time.time()
        with connect() as client:
            send(client)
            send(client, recipients=4)
            assert not running.has_ended(0)
            send(client)
        assert running.has_ended(20)
        report = running.report[host]
        assert (report["messages"], report["most_recipients"]) == (3, 4)
        assert before - 1 < report["first"] < report["last"] < time.time() + 1


def test_sessions_under_tls_are_resumed(tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2   # its ticket is there when the handshake is done
    with sink(tls=self_signed(tmp_path, "sink.test", "sink")) as (running, host, connect):
        session = None
        for _ in range(2):
            client = connect()
            client.ehlo()
            assert client.docmd("STARTTLS")[0] == 220
            client.sock = context.wrap_socket(client.sock, session=session)
            client.file = None
            session = client.sock.session
            send(client)
            client.quit()
        report = running.stop()[host]
        assert (report["secured"], report["resumed"], report["messages"]) == (2, 1, 2)
