"""Mailboxes with a quota: full at delivery, known at RCPT, and open again when mail was removed."""

import smtplib

import pytest
from harness import Instance, wait_for

ANNA = "anna@example.test"
BERT = "bert@example.test"
MESSAGE = "From: a\r\nDate: b\r\n\r\n" + ("x" * 70 + "\r\n") * 300


def send(suite, *recipients):
    with suite.smtp() as client:
        return client.sendmail("ada@example.org", recipients, MESSAGE)


def fill(suite, code):
    suite.command("user", "add", ANNA, "--password-stdin", "--quota", "50KiB", input="secret\n")
    suite.add_user(BERT)
    for number in range(3):
        assert send(suite, ANNA, BERT) == {}
        wait_for(lambda: len(suite.mailbox(BERT)) == number + 1)
    assert len(suite.mailbox(ANNA)) == 2
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(suite, ANNA)
    assert refused.value.recipients[ANNA] == code
    # The others of the message are not touched.
    assert list(send(suite, ANNA, BERT)) == [ANNA]
    wait_for(lambda: len(suite.mailbox(BERT)) == 4)


def test_a_full_mailbox_defers_and_takes_what_waits_when_mail_was_removed():
    with Instance({"queue": {"retry_interval": "1s"}, "smtpd": {"workers": 1}}) as suite:
        fill(suite, (452, b"4.2.2 the recipient's mailbox is full"))
        [waiting] = wait_for(lambda: (found := suite.json("queue", "list")["messages"]) and len(found) == 1 and found)
        assert "the mailbox is full" in suite.command("queue", "show", waiting["id"]).stdout
        client = suite.pop3(ANNA)
        client.dele(1)
        client.quit()
        wait_for(lambda: len(suite.mailbox(ANNA)) == 2, what="the delivery of what waited")
        wait_for(lambda: not suite.json("queue", "list")["messages"])


def test_a_full_mailbox_refuses_where_the_operator_says_so():
    with Instance({"checks": {"quota": "refuse"}, "deliverd": {"over_quota": "refuse"},
                   "smtpd": {"workers": 1}}) as suite:
        fill(suite, (552, b"5.2.2 the recipient's mailbox is full"))
        wait_for(lambda: any("5.2.2" in line for line in suite.events("bounced")))
