"""Mailboxes with a quota: known at RCPT, promised to what is accepted, and open again when mail was removed."""

import smtplib
import threading

import pytest
from harness import Instance, wait_for

ANNA = "anna@example.test"
BERT = "bert@example.test"
TEAM = "team@example.test"
MESSAGE = "From: a\r\nDate: b\r\n\r\n" + ("x" * 70 + "\r\n") * 300
FULL = b"4.2.2 the recipient's mailbox is full"


def configuration(**overrides):
    return {"queue": {"retry_interval": "1s"}, "smtpd": {"workers": 2}, "quota": {"warn": []}, **overrides}


def send(suite, *recipients):
    with suite.smtp() as client:
        return client.sendmail("ada@example.org", recipients, MESSAGE)


def add_anna(suite, *limits):
    suite.command("user", "add", ANNA, "--password-stdin", *limits, input="secret\n")


def fill(suite):
    """Room for two, of which none is left; an alias leads there too."""
    add_anna(suite, "--quota", "50KiB")
    suite.add_user(BERT)
    suite.command("alias", "add", TEAM, ANNA)
    for number in range(2):
        assert send(suite, ANNA, BERT) == {}
        wait_for(lambda: len(suite.mailbox(ANNA)) == number + 1)


def waiting(suite):
    return suite.json("queue", "list")["messages"]


def test_a_full_mailbox_is_refused_at_rcpt_and_takes_mail_again_when_some_was_removed():
    with Instance(configuration()) as suite:
        fill(suite)
        # The others of the message are not touched.
        assert send(suite, ANNA, BERT) == {ANNA: (452, FULL)}
        wait_for(lambda: len(suite.mailbox(BERT)) == 3)
        # What comes by an alias is not known at RCPT: it waits.
        assert send(suite, TEAM) == {}
        [message] = wait_for(lambda: (found := waiting(suite)) and len(found) == 1 and found)
        shown = wait_for(lambda: "octets" in (text := suite.command("queue", "show", message["id"]).stdout) and text)
        assert "the mailbox is full: it holds as many octets as it may" in shown
        client = suite.pop3(ANNA)
        client.dele(1)
        client.quit()
        wait_for(lambda: len(suite.mailbox(ANNA)) == 2, what="the delivery of what waited")
        wait_for(lambda: not waiting(suite))


def test_a_full_mailbox_refuses_where_the_operator_says_so():
    with Instance(configuration(checks={"quota": "refuse"}, deliverd={"over_quota": "refuse"})) as suite:
        fill(suite)
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            send(suite, ANNA)
        assert refused.value.recipients[ANNA] == (552, b"5.2.2 the recipient's mailbox is full")
        send(suite, TEAM)
        wait_for(lambda: any("5.2.2" in line for line in suite.events("bounced")))


def test_messages_are_counted_as_octets_are():
    with Instance(configuration()) as suite:
        add_anna(suite, "--messages", "2")
        suite.command("alias", "add", TEAM, ANNA)
        for _ in range(2):
            assert send(suite, ANNA) == {}
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            send(suite, ANNA)
        assert refused.value.recipients[ANNA] == (452, FULL)
        wait_for(lambda: len(suite.mailbox(ANNA)) == 2)
        send(suite, TEAM)
        wait_for(lambda: waiting(suite))
        shown = wait_for(lambda: "messages" in (text := suite.command("explain", ANNA).stdout) and text)
        assert "2 messages, 100 %, full of messages" in shown
        user = suite.json("user", "show", ANNA)
        assert (user["used"]["messages"], user["used"]["percent"]) == (2, 100)
        assert "100 %, full of messages" in suite.command("user", "list").stdout
        assert [one["mailbox"] for one in suite.json("status")["mailboxes_nearly_full"]] == [ANNA]


@pytest.mark.parametrize("declared", [True, False])
def test_of_many_sessions_at_once_one_gets_the_room_there_is_for_one(declared):
    with Instance(configuration()) as suite:
        add_anna(suite, "--quota", "40KiB")
        ready, codes = threading.Barrier(20, timeout=60), []

        def session():
            with suite.smtp() as client:
                client.ehlo()
                client.mail("ada@example.org", [f"size={len(MESSAGE)}"] if declared else [])
                ready.wait()
                code, text = client.rcpt(ANNA)
                if code == 250:
                    code, text = client.data(MESSAGE)
                codes.append((code, text))
                ready.wait()

        threads = [threading.Thread(target=session) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(code for code, _ in codes) == [250] + 19 * [452], codes
        assert {text for code, text in codes if code == 452} == {FULL}
        # What was accepted is delivered, and nothing waits.
        wait_for(lambda: len(suite.mailbox(ANNA)) == 1)
        wait_for(lambda: not waiting(suite))
        assert not suite.events("bounced")


def test_several_workers_never_take_a_mailbox_beyond_its_quota():
    with Instance(configuration(deliverd={"local_workers": 3})) as suite:
        add_anna(suite, "--messages", "7")
        suite.command("alias", "add", TEAM, ANNA)
        with suite.smtp() as client:
            for _ in range(20):
                client.sendmail("ada@example.org", [TEAM], MESSAGE)
        wait_for(lambda: len(suite.mailbox(ANNA)) == 7)
        wait_for(lambda: len(waiting(suite)) == 13)
        assert len(suite.mailbox(ANNA)) == 7


def test_a_user_is_told_when_the_mailbox_is_nearly_full():
    with Instance(configuration(quota={"warn": [80, 95]})) as suite:
        add_anna(suite, "--quota", "50KiB")
        for _ in range(2):
            assert send(suite, ANNA) == {}
        wait_for(lambda: len(suite.mailbox(ANNA)) == 3)
        client = suite.pop3(ANNA)
        messages = [b"\n".join(client.retr(number)[1]) for number in (1, 2, 3)]
        client.quit()
        [warning] = [text for text in messages if b"Auto-Submitted: auto-generated" in text]
        assert b"From: Postmaster <postmaster@example.test>" in warning
        assert b"percent full" in warning
