"""The queue in an operator's hand: each verb and each filter of the real command, what is paused and sent another
way, and what is kept of who did it."""

import getpass
import os

import pytest
from harness import Instance, wait_for
from peer import Peer

SENDER = "sender@example.test"
RECIPIENTS = ["x@one.test", "y@one.test", "x@two.test"]


@pytest.fixture
def peer():
    """Defers all mail, each domain in other words, until a test lets it in."""
    with Peer() as one:
        one.lets_in = False
        one.script["RCPT"] = lambda peer, argument: (
            "250 2.1.5 ok" if peer.lets_in else
            "452 4.2.2 the mailbox is full" if "one.test" in argument else "451 4.7.1 greylisted")
        yield one


@pytest.fixture
def suite(peer):
    with Instance({"queue": {"retry_interval": "1h", "retry_jitter": 0}, "deliverd": {"sync_interval": "20ms"},
                   "route": [{"match": "*", "via": peer.route}]}) as one:
        one.add_user(SENDER)
        with one.smtp() as client:
            for number, recipient in enumerate(RECIPIENTS):
                client.sendmail(SENDER, [recipient], f"Subject: number {number}\r\n\r\ntext\r\n")
        wait_for(lambda: len(listed(one, "--state", "deferred")) == len(RECIPIENTS), what="three deferred messages")
        yield one


def listed(suite, *filters):
    return suite.json("queue", "list", *filters)["messages"]


def recipients(messages):
    return sorted(message["recipients"][0]["address"] for message in messages)


def act(suite, verb, *arguments):
    return suite.json("queue", verb, *arguments)["count"]


def nothing_matches(suite, verb, *arguments):
    done = suite.command("queue", verb, *arguments, check=False)
    assert (done.returncode, done.stderr) == (1, "postrider: no message matches\n")


def received(peer):
    return sorted(one.recipients[0] for one in peer.messages)


@pytest.mark.parametrize("filters,expected", [
    (("--domain", "one.test"), RECIPIENTS[:2]),
    (("--domain", "*.TEST"), RECIPIENTS),
    (("--recipient", "x@*"), [RECIPIENTS[0], RECIPIENTS[2]]),
    (("--sender", SENDER.upper()), RECIPIENTS),
    (("--sender", "<>"), []),
    (("--state", "held"), []),
    (("--reason", "GREYLISTED"), RECIPIENTS[2:]),
    (("--reason", "4.2.2"), RECIPIENTS[:2]),
    (("--host", "127.0.0.1"), RECIPIENTS),
    (("--host", "mx.one.test"), []),
    (("--older-than", "1h"), []),
    (("--older-than", "1ms"), RECIPIENTS),
    (("--domain", "one.test", "--recipient", "x@*", "--reason", "full", "--state", "deferred"), RECIPIENTS[:1]),
    (("--domain", "one.test", "--reason", "greylisted"), []),
])
def test_each_filter_means_the_same_to_a_list_and_to_a_verb(suite, filters, expected):
    assert recipients(listed(suite, *filters)) == sorted(expected)
    if not expected:
        return nothing_matches(suite, "hold", *filters)
    would = suite.json("queue", "hold", *filters, "--dry-run")
    assert would["dry_run"] and would["count"] == len(expected)
    assert recipients(would["messages"]) == sorted(expected)
    assert listed(suite, "--state", "held") == []
    assert act(suite, "hold", *filters, "--why", "a test") == len(expected)
    held = listed(suite, "--state", "held")
    assert recipients(held) == sorted(expected)
    assert {message["hold_reason"] for message in held} == {"a test"}


def test_messages_are_listed_by_the_reason_why_they_wait(suite):
    text = suite.command("queue", "list").stdout
    full, greylisted = text.split("\n\n")
    assert full.startswith("2 messages: The mailbox is full.\n")
    assert "x@one.test" in full and "y@one.test" in full and "452 4.2.2" in full
    assert greylisted.startswith("1 message: The server asks whom it does not know to come again later.\n")
    assert "x@two.test" in greylisted


def test_a_dry_run_says_what_would_be_done(suite):
    told = suite.command("queue", "expire", "--domain", "one.test", "--dry-run").stdout
    assert told.endswith("would be returned to their senders: 2\n")
    assert "x@one.test" in told and "x@two.test" not in told
    nothing_matches(suite, "release", "--all", "--dry-run")


@pytest.mark.parametrize("arguments", [
    ("--older-than", "soon"), ("--older-than", "0s"), ("--state", "lost"), (), ("",), ("--id", ""),
    *[(option, "", "--state", "deferred") for option in ("--domain", "--sender", "--recipient", "--reason", "--host")],
])
def test_a_filter_that_cannot_be_meant_is_wrong_usage(suite, arguments):
    assert suite.command("queue", "hold", *arguments, check=False).returncode == 2


@pytest.mark.parametrize("arguments", [("hold", "--domain"), ("hold", "--id"), ("route", "--all", "--to"), ("pause",),
                                       ("pause", "one.test", "--why")])
def test_what_is_too_long_to_be_meant_is_refused(suite, arguments):
    done = suite.command("queue", *arguments, "x" * 501, check=False)
    assert done.returncode == 1 and "at most 500 octets" in done.stderr


def test_what_is_held_goes_out_when_it_is_released(suite, peer):
    assert act(suite, "hold", "--all") == 3
    assert "held: held by the operator" in suite.command("queue", "list").stdout
    peer.lets_in = True
    nothing_matches(suite, "retry", "--all")
    assert act(suite, "release", "--domain", "two.test") == 1
    wait_for(lambda: received(peer) == ["x@two.test"], what="the released message")
    assert act(suite, "release", "--all") == 2
    wait_for(lambda: received(peer) == sorted(RECIPIENTS), what="the others")


def test_what_is_deleted_can_be_brought_back_after_a_restart_too(suite, peer):
    assert act(suite, "delete", "--domain", "one.test") == 2
    assert recipients(listed(suite)) == ["x@two.test"]
    assert recipients(listed(suite, "--state", "deleted")) == RECIPIENTS[:2]
    status = suite.json("status")
    assert status["deleted"] == 2 and status["deleted_octets"] > 0
    assert "2 deleted (" in suite.command("status").stdout
    suite.restart()
    peer.lets_in = True
    nothing_matches(suite, "retry", "--domain", "one.test")
    assert act(suite, "undelete", "--recipient", "x@one.test") == 1
    assert act(suite, "delete", "--now", "--state", "deleted") == 1
    nothing_matches(suite, "undelete", "--all")
    assert act(suite, "retry", "--all") == 2
    wait_for(lambda: received(peer) == ["x@one.test", "x@two.test"], what="what was brought back")
    assert len(suite.events("deleted")) == 1


def test_the_trash_is_swept_when_its_time_is_over(suite):
    suite.configure({"queue": {"undo_time": "1s"}})
    suite.restart()
    content = wait_for(lambda: [f for f in (suite.spool / "deferred").rglob("*") if f.is_file()])
    assert len(content) == 3
    assert act(suite, "delete", "--all") == 3
    wait_for(lambda: not any(f.exists() for f in content), 30, "the end of the files")
    wait_for(lambda: len(suite.events("deleted")) == 3, what="the log")
    assert suite.json("status")["deleted"] == 0


def test_who_sent_what_expires_by_an_operator_is_told_so(suite, peer):
    attempts = len([one for one in peer.commands if "RCPT" in str(one)])
    assert act(suite, "expire", "--domain", "one.test", "--recipient", "y@*") == 1
    [report] = wait_for(lambda: suite.mailbox(SENDER), what="the report")
    assert b"y@one.test" in report
    assert b"expired by the operator; the last attempt: " in b" ".join(report.split())
    assert b"the mailbox is full" in b" ".join(report.split())
    assert len([one for one in peer.commands if "RCPT" in str(one)]) == attempts
    wait_for(lambda: recipients(listed(suite)) == ["x@one.test", "x@two.test"], what="the end of the report")
    assert len(suite.events("expired")) == 1


def test_waiting_mail_is_sent_another_way_and_back(suite, peer):
    with Peer() as other:
        assert act(suite, "route", "--domain", "one.test", "--to", other.route) == 2
        wait_for(lambda: received(other) == RECIPIENTS[:2], what="the mail at the other server")
        wait_for(lambda: recipients(listed(suite)) == ["x@two.test"], what="the end of what was taken")
    [message] = listed(suite)
    assert act(suite, "route", message["id"], "--to", other.route) == 1
    wait_for(lambda: "refused" in str(listed(suite)), what="the attempt at a server that is gone")
    assert listed(suite)[0]["recipients"][0]["via"] == other.route
    assert f"routed by the operator: {other.route}" in suite.command("queue", "show", message["id"]).stdout
    nothing_matches(suite, "route", "--all", "--to", other.route)
    nothing_matches(suite, "route", "--all", "--to", other.route, "--dry-run")
    peer.lets_in = True
    assert act(suite, "route", message["id"], "--to", "default") == 1
    wait_for(lambda: received(peer) == ["x@two.test"], what="the mail on its old way")


@pytest.mark.parametrize("via", ["nonsense", "smtp:", "discard:", "hold:", "smtp:host:0x19"])
def test_what_is_no_next_hop_is_no_route(suite, via):
    done = suite.command("queue", "route", "--all", "--to", via, check=False)
    assert done.returncode == 1 and "a next hop is" in done.stderr


@pytest.mark.parametrize("by", ["domain", "next hop"])
def test_nothing_goes_to_what_is_paused_until_it_is_resumed(suite, peer, by):
    name = "one.test" if by == "domain" else peer.route
    suite.command("queue", "pause", name, "--why", "their maintenance")
    peer.lets_in = True
    suite.command("queue", "retry", "--all")
    others = [] if by == "next hop" else ["x@two.test"]
    for _ in range(2):
        wait_for(lambda: suite.json("queue", "summary")["pauses"][0]["messages"] == 3 - len(others),
                 what="the messages behind what is paused")
        wait_for(lambda: received(peer) == others, what="the others")
        [pause] = suite.json("queue", "summary")["pauses"]
        assert (pause["destination"], pause["why"], pause["user"]) == (name, "their maintenance", getpass.getuser())
        assert suite.json("status")["pauses"][0]["messages"] == 3 - len(others)
        assert f"paused: {name} since 20" in suite.command("status").stdout
        suite.restart()
    assert received(peer) == others
    suite.command("queue", "resume", name)
    wait_for(lambda: received(peer) == sorted(RECIPIENTS), what="what was paused")
    again = suite.command("queue", "resume", name, check=False)
    assert again.returncode == 1 and f"{name} is not paused" in again.stderr


def test_each_act_is_kept_with_who_did_it(suite):
    act(suite, "hold", "--domain", "one.test", "--why", "a look at them")
    suite.command("queue", "pause", "two.test", "--why", "why not")
    suite.command("queue", "release", "--all", "--dry-run")
    act(suite, "delete", *(message["id"] for message in listed(suite)))
    suite.restart()
    acts = suite.json("queue", "audit")["acts"]
    assert [one["verb"] for one in acts] == ["delete", "pause", "hold"]
    assert {one["uid"] for one in acts} == {os.getuid()}
    assert {one["user"] for one in acts} == {getpass.getuser()}
    assert [one["messages"] for one in acts] == [3, 0, 2]
    assert (acts[2]["what"], acts[2]["why"]) == ("--domain one.test", "a look at them")
    assert len(suite.events("operator_act")) == 3
    assert "a look at them" in suite.command("queue", "audit").stdout
