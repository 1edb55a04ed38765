"""Servers that defer, refuse, hang and vanish: each ends as an operator would expect, and the report
says why in the remote's words."""

import email
import email.policy
import time

import pytest
from harness import Instance, wait_for
from peer import Peer

SENDER = "sender@example.test"


def message(number=0):
    return f"Subject: number {number}\r\nMessage-ID: <{number}@example.test>\r\n\r\ntext {number}\r\n"


@pytest.fixture
def peer():
    with Peer() as one:
        yield one


def suite_for(peer, **sections):
    settings = {"queue": {"retry_interval": "1s", "retry_jitter": 0},
                "deliverd": {"sync_interval": "20ms"},
                "route": [{"match": "far.test", "via": peer.route}]}
    for name, values in sections.items():
        settings.setdefault(name, {}).update(values)
    suite = Instance(settings)
    suite.add_user(SENDER)
    return suite


def send(suite, recipients, number=0):
    with suite.smtp() as client:
        client.sendmail(SENDER, recipients, message(number))


def report_to(suite):
    """The one report in the sender's mailbox: its parts."""
    octets = wait_for(lambda: suite.mailbox(SENDER), what="a report")
    assert len(octets) == 1
    parsed = email.message_from_bytes(octets[0], policy=email.policy.default)
    assert parsed.get_content_type() == "multipart/report"
    text, status, original = parsed.iter_parts()
    return parsed, text.get_content(), status.get_payload(), original


def queue_is_empty(suite):
    status = suite.json("queue", "list")
    return not status["messages"]


def test_a_server_that_defers_and_recovers_gets_the_mail_once(peer):
    left = [2]

    def rcpt(_, __):
        left[0] -= 1
        return "451 4.3.0 come back later" if left[0] >= 0 else "250 2.1.5 ok"

    peer.script["RCPT"] = rcpt
    with suite_for(peer) as suite:
        send(suite, ["x@far.test"])
        wait_for(lambda: peer.messages, what="the third attempt")
        wait_for(lambda: queue_is_empty(suite), what="an empty queue")
        assert [m.recipients for m in peer.messages] == [["x@far.test"]]
        assert peer.messages[0].content.endswith(message().encode())
        assert "come back later" in suite.log_text()
        assert suite.mailbox(SENDER) == []


def test_one_of_three_recipients_is_refused_and_the_report_says_why(peer):
    peer.script["RCPT"] = lambda _, argument: ("550 5.1.1 we know no bad here" if "bad@" in argument
                                               else "250 2.1.5 ok")
    with suite_for(peer) as suite:
        send(suite, ["one@far.test", "bad@far.test", "two@far.test"])
        report, text, status, original = report_to(suite)
        assert "we know no bad here" in text
        assert "bad@far.test" in text and "one@far.test" not in text
        assert report["From"] and report["Auto-Submitted"].startswith("auto-")
        # One block for the message and one for the one recipient.
        per_message, per_recipient = status
        assert per_message["Reporting-MTA"] == "dns; mx.example.test"
        assert per_recipient["Action"] == "failed"
        assert per_recipient["Status"] == "5.1.1"
        assert "we know no bad here" in per_recipient["Diagnostic-Code"]
        assert original.get_content_type() == "message/rfc822"
        assert "text 0" in original.as_string()
        assert sorted(peer.messages[0].recipients) == ["one@far.test", "two@far.test"]
        wait_for(lambda: queue_is_empty(suite), what="an empty queue")


def test_a_server_that_never_answers_is_given_up_after_the_lifetime(peer):
    peer.script["CONNECT"] = lambda _, __: None
    with suite_for(peer, queue={"lifetime": "3s", "retry_interval": "1s"},
                   deliverd={"greeting_timeout": "1s"}) as suite:
        send(suite, ["x@far.test"])
        _, text, status, _ = report_to(suite)
        assert status[1]["Status"].startswith(("4.4", "5.4"))
        assert "x@far.test" in text
        assert "127.0.0.1" in text or "timed out" in text or "greeting" in text
        assert "event=expired" in suite.log_text()
        wait_for(lambda: queue_is_empty(suite), what="an empty queue")


def test_a_server_that_hangs_up_before_its_last_reply_is_tried_again(peer):
    left = [1]

    def end(_, __):
        left[0] -= 1
        return "" if left[0] >= 0 else "250 2.0.0 taken"

    peer.script["END"] = end
    with suite_for(peer) as suite:
        send(suite, ["x@far.test"])
        wait_for(lambda: peer.messages)
        wait_for(lambda: queue_is_empty(suite), what="an empty queue")
        assert len(peer.messages) == 1


def test_fifty_messages_to_one_host_use_at_most_three_connections(peer):
    with suite_for(peer) as suite:
        with suite.smtp() as client:
            for number in range(50):
                client.sendmail(SENDER, ["x@far.test"], message(number))
        wait_for(lambda: len(peer.messages) >= 50)
        assert len(peer.messages) == 50
        assert peer.connections <= 3


def test_fifty_deferred_messages_survive_a_crash_of_everything(peer):
    down = [True]
    peer.script["MAIL"] = lambda _, __: "451 4.3.2 not now" if down[0] else "250 2.1.0 ok"
    with suite_for(peer, queue={"retry_interval": "4s"}) as suite:
        with suite.smtp() as client:
            for number in range(50):
                client.sendmail(SENDER, ["x@far.test"], message(number))
        wait_for(lambda: len(suite.json("queue", "list", "--state", "deferred")["messages"]) == 50)
        suite.kill()
        down[0] = False
        suite.start()
        wait_for(lambda: len(peer.messages) >= 50, 30)
        wait_for(lambda: queue_is_empty(suite), what="an empty queue")
        time.sleep(1)
        subjects = sorted(m.content.split(b"Subject: ")[1].split(b"\r\n")[0] for m in peer.messages)
        assert subjects == sorted(b"number %d" % n for n in range(50))


def test_a_crash_between_acceptance_and_delivery_loses_nothing(peer):
    down = [True]
    peer.script["MAIL"] = lambda _, __: None if down[0] else "250 2.1.0 ok"
    with suite_for(peer) as suite:
        for number in range(10):
            send(suite, ["x@far.test"], number)
        suite.kill()
        down[0] = False
        suite.start()
        wait_for(lambda: len(peer.messages) >= 10)
        wait_for(lambda: queue_is_empty(suite), what="an empty queue")
        assert len(peer.messages) == 10


def test_an_operator_holds_releases_retries_and_deletes(peer):
    down = [True]
    peer.script["MAIL"] = lambda _, __: "451 4.3.2 not now" if down[0] else "250 2.1.0 ok"
    with suite_for(peer, queue={"retry_interval": "1h"}) as suite:
        for number in range(3):
            send(suite, ["x@far.test"], number)
        queued = wait_for(lambda: (q := suite.json("queue", "list", "--state", "deferred")["messages"])
                          and len(q) == 3 and q)
        first, second, third = (m["id"] for m in queued)
        assert suite.command("queue", "hold", first).returncode == 0
        assert len(suite.json("queue", "list", "--state", "held")["messages"]) == 1
        assert "text 0" in suite.command("queue", "cat", first).stdout
        suite.command("queue", "delete", "--now", second)
        assert suite.command("queue", "show", second, check=False).returncode == 1
        down[0] = False
        suite.command("queue", "retry", third)
        wait_for(lambda: len(peer.messages) == 1)
        suite.command("queue", "release", "--all")
        wait_for(lambda: len(peer.messages) == 2)
        wait_for(lambda: queue_is_empty(suite), what="an empty queue")
        assert "event=deleted" in suite.log_text()
