"""LMTP (RFC 2033) over TCP and over a Unix socket: a reply for each recipient, and mail for our own alone."""

import contextlib
import os
import smtplib
import stat

import pytest
from harness import DOMAIN, Instance, wait_for, without_trace

ANNA, BOB, NOBODY = (f"{name}@{DOMAIN}" for name in ("anna", "bob", "nobody"))
ELSEWHERE = "carl@example.net"
MESSAGE = b"Subject: x\r\n\r\nbody\r\n"


@pytest.fixture(scope="module")
def suite():
    with Instance(start=False) as running:
        base = running.port_base
        running.configure({"smtpd": {"listen": [
            {"address": f"127.0.0.1:{base + 25}", "mode": "mx"},
            {"address": f"127.0.0.1:{base + 24}", "mode": "lmtp"},
            {"address": "unix:run/lmtp.sock", "mode": "lmtp"}]}})
        running.start()
        running.add_user(ANNA)
        running.add_user(BOB)
        yield running


def socket_path(suite):
    return suite.directory / "run/lmtp.sock"


@contextlib.contextmanager
def connected(suite, way):
    if way == "tcp":
        client = smtplib.LMTP("127.0.0.1", suite.port_base + 24, local_hostname="client.test")
    else:
        client = smtplib.LMTP(str(socket_path(suite)), local_hostname="client.test")
    with client:
        yield client


both_ways = pytest.mark.parametrize("way", ["tcp", "unix"])


@both_ways
def test_each_recipient_gets_the_message_and_the_client_a_reply_for_each(suite, way):
    before = [len(suite.mailbox(user)) for user in (ANNA, BOB)]
    with connected(suite, way) as client:
        client.ehlo()
        client.mail("ada@example.org")
        assert [client.rcpt(to)[0] for to in (ANNA, NOBODY, BOB)] == [250, 550, 250]
        client.putcmd("data")
        assert client.getreply()[0] == 354
        client.send(MESSAGE + b".\r\n")
        first, second = client.getreply(), client.getreply()
        assert first == second and first[0] == 250
        assert client.noop()[0] == 250
    for user, count in zip((ANNA, BOB), before):
        wait_for(lambda: len(suite.mailbox(user)) == count + 1)
        assert b" with LMTP id " in suite.mailbox(user)[-1]
        assert without_trace(suite.mailbox(user)[-1]) == MESSAGE.replace(b"\r\n", b"\n")


def test_who_is_in_relay_networks_may_relay_over_tcp_and_nobody_over_the_socket(suite):
    for way, code in (("tcp", 250), ("unix", 550)):
        with connected(suite, way) as client:
            client.ehlo()
            client.mail("ada@example.org")
            assert client.rcpt(ELSEWHERE)[0] == code


@both_ways
def test_smtp_is_not_spoken_there(suite, way):
    with connected(suite, way) as client:
        assert [client.docmd("EHLO client.test")[0], client.docmd("HELO client.test")[0]] == [500, 500]


def test_the_socket_stays_when_the_suite_comes_back(suite):
    assert stat.S_IMODE(os.stat(socket_path(suite)).st_mode) == 0o666
    suite.restart()
    with connected(suite, "unix") as client:
        assert client.ehlo()[0] == 250
