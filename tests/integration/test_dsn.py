"""Delivery status notifications, RFC 3461: asked for by a real client, answered, and passed on."""

import email

import pytest
from harness import Instance, wait_for
from peer import Peer

ANNA = "anna@example.test"
BOB = "bob@example.test"
MESSAGE = "From: anna@example.test\r\nSubject: x\r\n\r\nbody\r\n"
EHLO_WITH_DSN = "250-peer.test\n250-PIPELINING\n250 DSN"


@pytest.fixture(scope="module")
def parts():
    with Peer() as with_dsn, Peer() as without_dsn:
        with_dsn.script["EHLO"] = lambda *_: EHLO_WITH_DSN
        routes = [{"match": "modern.test", "via": with_dsn.route}, {"match": "plain.test", "via": without_dsn.route}]
        with Instance({"route": routes}) as suite:
            suite.add_user(ANNA)
            suite.add_user(BOB)
            yield suite, with_dsn, without_dsn


def send(suite, recipient, of_mail, of_rcpt):
    with suite.smtp() as client:
        client.sendmail(ANNA, [recipient], MESSAGE, mail_options=of_mail, rcpt_options=of_rcpt)


def next_report(suite, count):
    """The fields of the newest of so many reports in Anna's mailbox."""
    wait_for(lambda: len(suite.mailbox(ANNA)) == count)
    report = email.message_from_bytes(suite.mailbox(ANNA)[-1])
    assert report.get_content_type() == "multipart/report"
    of_message, of_recipient = report.get_payload()[1].get_payload()
    return dict(of_message.items()) | dict(of_recipient.items())


def test_a_local_delivery_is_reported_on(parts):
    suite, *_ = parts
    send(suite, BOB, ["ENVID=q+2B1"], ["NOTIFY=SUCCESS", "ORCPT=rfc822;Bob+2Bx@old.test"])
    fields = next_report(suite, 1)
    assert fields["Action"] == "delivered" and fields["Original-Envelope-Id"] == "q+1"
    assert fields["Original-Recipient"] == "rfc822; Bob+x@old.test"
    assert fields["Final-Recipient"] == f"rfc822; {BOB}" and fields["Status"] == "2.0.0"


def test_a_server_without_dsn_is_reported_on(parts):
    suite, _, without_dsn = parts
    send(suite, "carl@plain.test", [], ["NOTIFY=SUCCESS,FAILURE"])
    fields = next_report(suite, 2)
    assert fields["Action"] == "relayed" and fields["Final-Recipient"] == "rfc822; carl@plain.test"
    assert ("RCPT", "TO:<carl@plain.test>") in without_dsn.commands


def test_a_server_with_dsn_is_told_all_and_reports_itself(parts):
    suite, with_dsn, _ = parts
    send(suite, "dora@modern.test", ["RET=HDRS", "ENVID=q+2B1"], ["NOTIFY=SUCCESS", "ORCPT=rfc822;d@old.test"])
    wait_for(lambda: with_dsn.messages)
    [mail] = [argument for verb, argument in with_dsn.commands if verb == "MAIL"]
    [rcpt] = [argument for verb, argument in with_dsn.commands if verb == "RCPT"]
    assert mail == f"FROM:<{ANNA}> RET=HDRS ENVID=q+2B1"
    assert rcpt == "TO:<dora@modern.test> NOTIFY=SUCCESS ORCPT=rfc822;d@old.test"
    wait_for(lambda: "dora@modern.test" in "".join(suite.events("delivered")))
    assert len(suite.events("report")) == 2  # those of the tests before


def test_who_never_wants_to_know_is_not_told(parts):
    suite, _, without_dsn = parts
    without_dsn.script["RCPT"] = lambda *_: "550 5.1.1 no such user"
    send(suite, "nobody@plain.test", [], ["NOTIFY=NEVER"])
    wait_for(lambda: suite.events("bounced"))
    assert suite.events("report_not_sent") and len(suite.events("report")) == 2
