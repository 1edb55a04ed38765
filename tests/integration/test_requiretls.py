"""REQUIRETLS (RFC 8689): what has to go under TLS is delivered here, and comes back from servers without TLS; its
reports are protected as it was. Servers with TLS: test_relay_tls.py."""

import email
import ssl

import pytest
from harness import DOMAIN, Instance, wait_for
from peer import Peer

ANNA, BOB = f"anna@{DOMAIN}", f"bob@{DOMAIN}"
FAR = "carl@far.test"
MESSAGE = b"Subject: secret\r\n\r\nbody\r\n"
REASON = "TLS is required, and the server does not offer STARTTLS"


@pytest.fixture(scope="module")
def peer():
    with Peer() as running:
        yield running


@pytest.fixture(scope="module")
def store():
    with Peer() as running:
        running.lmtp = True
        yield running


@pytest.fixture(scope="module")
def suite(peer, store):
    with Instance({"route": [{"match": "far.test", "via": peer.route}, {"match": "store.test", "via": store.route},
                             {"match": "held.test", "via": "hold:"}]}) as running:
        running.add_user(ANNA)
        running.add_user(BOB)
        yield running


def secured(suite):
    client = suite.smtp()
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    assert client.ehlo()[0] == 250 and not client.has_extn("requiretls")
    client.starttls(context=context)
    assert client.ehlo()[0] == 250 and client.has_extn("requiretls")
    return client


def queued(suite):
    return suite.json("queue", "list")["messages"]


def newest(suite, count):
    wait_for(lambda: len(suite.mailbox(ANNA)) == count, 30)
    return email.message_from_bytes(suite.mailbox(ANNA)[-1])


def test_in_the_clear_it_is_refused(suite):
    with suite.smtp() as client:
        client.ehlo()
        assert client.docmd(f"MAIL FROM:<{ANNA}> REQUIRETLS")[0] == 530


def test_a_mailbox_here_gets_it(suite):
    with secured(suite) as client:
        client.sendmail(ANNA, [BOB], MESSAGE, ["REQUIRETLS"])
    wait_for(lambda: suite.mailbox(BOB))


def test_a_mail_store_on_this_host_gets_it(suite, store):
    with secured(suite) as client:
        client.sendmail(ANNA, ["dora@store.test"], MESSAGE, ["REQUIRETLS"])
    wait_for(lambda: store.messages)


def test_from_a_server_without_tls_it_comes_back(suite, peer):
    before = len(suite.mailbox(ANNA))
    with secured(suite) as client:
        client.sendmail(ANNA, [FAR], MESSAGE, ["REQUIRETLS", "RET=FULL"])
    words, status, header = newest(suite, before + 1).get_payload()
    assert REASON in " ".join(words.get_payload().split())
    assert status.get_payload()[1]["Action"] == "failed" and status.get_payload()[1]["Status"] == "5.7.10"
    assert header.get_content_type() == "text/rfc822-headers" and "body" not in header.get_payload()
    assert not peer.messages


def test_that_tls_is_required_is_noted(suite):
    with secured(suite) as client:
        client.sendmail(ANNA, ["emil@held.test"], MESSAGE, ["REQUIRETLS"])
    [message] = wait_for(lambda: [m for m in queued(suite) if m["recipients"][0]["address"] == "emil@held.test"])
    assert message["tls"] == "required"
    assert "TLS onward" in suite.command("queue", "show", message["id"]).stdout


def test_a_report_goes_to_another_server_all_the_same(suite, peer):
    with secured(suite) as client:
        client.sendmail(FAR, ["dora@far.test"], MESSAGE, ["REQUIRETLS"])
    [report] = wait_for(lambda: peer.messages, 30)
    assert report.sender == "" and report.recipients == [FAR]
    header = report.content.partition(b"text/rfc822-headers")[2]
    assert b"Subject: secret" in header and b"body" not in header


def test_that_tls_is_not_required_is_noted(suite):
    with suite.smtp() as client:
        client.sendmail(ANNA, ["carl@held.test"], b"TLS-Required: No\r\n\r\n")
    shown = wait_for(lambda: [m for m in queued(suite) if m["tls"] == "not required"])
    assert len(shown) == 1
