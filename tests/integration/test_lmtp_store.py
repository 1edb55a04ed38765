"""A mail store behind LMTP in place of our own mailboxes: Dovecot, and another instance of ours."""

import email
import pathlib
import smtplib
import tempfile

import dovecot
import installed
import pytest
from harness import DOMAIN, Instance, wait_for

ANNA, BOB, FULL, GONE, NOBODY = (f"{name}@{DOMAIN}" for name in ("anna", "bob", "full", "gone", "nobody"))
OURS = (ANNA, BOB, FULL, GONE)
RETRY = {"queue": {"retry_interval": "1s", "retry_jitter": 0}}
BODY = b".\r\n..two dots\r\nGr\xc3\xbc\xc3\x9fe\r\n"


def message(subject, body=BODY):
    return b"From: <%s>\r\nSubject: %s\r\n\r\n" % (BOB.encode(), subject.encode()) + body


def of_subject(messages, subject):
    return [one for one in messages if f"Subject: {subject}\n".encode() in one]


@pytest.fixture(scope="module")
def store():
    with tempfile.TemporaryDirectory(prefix="dovecot-", dir="/tmp") as folder:
        pathlib.Path(folder).chmod(0o755)
        with dovecot.running(pathlib.Path(folder), {ANNA: 0, BOB: 0, FULL: 100}) as running:
            yield running


def copies(suite, store, subject):
    """What has come for Anna when nothing more can."""
    wait_for(lambda: of_subject(store.messages(ANNA), subject), 60)
    wait_for(lambda: not suite.json("queue", "list")["messages"], 60, "an empty queue")
    return of_subject(store.messages(ANNA), subject)


def delivering_to(via):
    suite = Instance({**RETRY, "route": [{"match": DOMAIN, "via": via}]})
    for user in OURS:
        suite.add_user(user)
    return suite


@pytest.fixture(scope="module", params=["tcp", "unix"])
def suite(request, store):
    via = f"lmtp:[127.0.0.1]:{store.port}" if request.param == "tcp" else f"lmtp:unix:{store.socket}"
    with delivering_to(via) as running:
        running.way, running.via = request.param, via
        yield running


@installed.required
def test_each_recipient_has_its_own_outcome(suite, store):
    subject = f"own {suite.way}"
    with suite.smtp() as client:
        client.sendmail(BOB, [ANNA, FULL, GONE], message(subject), ["BODY=8BITMIME"])
    [arrived] = copies(suite, store, subject)
    assert arrived.endswith(BODY.replace(b"\r\n", b"\n"))
    wait_for(lambda: len(suite.events("bounced")) >= 2, 30)
    reasons = {address: line for line in suite.events("bounced") for address in (FULL, GONE) if address in line}
    assert "status=5.2.2" in reasons[FULL] and "status=5.1.1" in reasons[GONE], reasons
    assert not of_subject(store.messages(FULL), subject)
    reports = wait_for(lambda: [one for one in store.messages(BOB) if f"Subject: {subject}".encode() in one
                                and b"multipart/report" in one], 30)
    told = b"".join(reports)
    assert FULL.encode() in told and GONE.encode() in told
    assert suite.way == "tcp" or b"x-local; mail store" in told and str(store.socket).encode() not in told
    assert not suite.json("queue", "list")["messages"]


@installed.required
def test_users_are_known_by_the_directory_before_mail_is_accepted(suite, store):
    with suite.smtp() as client:
        client.ehlo()
        client.mail(BOB)
        assert client.rcpt(NOBODY)[0] == 550


@installed.required
def test_what_the_store_has_is_delivered_not_relayed(suite, store):
    subject = f"success {suite.way}"
    with suite.smtp() as client:
        client.sendmail(BOB, [ANNA], message(subject), rcpt_options=["NOTIFY=SUCCESS"])
    def report():
        return [one for one in store.messages(BOB) if subject.encode() in one and b"message/delivery-status" in one]
    [told] = wait_for(report, 30)
    [status] = [part for part in email.message_from_bytes(told).walk()
                if part.get_content_type() == "message/delivery-status"]
    assert status.get_payload()[1]["Action"] == "delivered"


@installed.required
def test_a_large_message_arrives_whole(suite, store):
    subject = f"large {suite.way}"
    body = b"".join(b"." * (n % 70) + b" line %d\r\n" % n for n in range(60_000))
    with suite.smtp() as client:
        client.sendmail(BOB, [ANNA], message(subject, body))
    [arrived] = copies(suite, store, subject)
    assert arrived.endswith(b"\n\n" + body.replace(b"\r\n", b"\n"))


@installed.required
def test_explain_tells_the_way(suite):
    assert suite.json("explain", ANNA)["steps"][-1]["output"] == suite.via
    assert suite.json("explain", NOBODY)["steps"][-1]["output"].startswith("no such user")


@installed.required
def test_an_operator_may_send_mail_to_the_store(store):
    subject = "routed by hand"
    with Instance({**RETRY, "route": [{"match": "elsewhere.test", "via": "hold:"}]}) as suite:
        with suite.smtp() as client:
            client.sendmail(BOB, ["x@elsewhere.test"], message(subject))
        [waiting] = wait_for(lambda: suite.json("queue", "list")["messages"])
        suite.command("queue", "route", "--to", f"lmtp:unix:{store.socket}", waiting["id"])
        suite.command("queue", "release", waiting["id"])
        [refused] = wait_for(lambda: suite.events("refused"), 30)
        assert f"remote=unix:{store.socket} status=5.1.1" in refused


@installed.required
def test_while_the_store_is_away_mail_waits(suite, store):
    subject = f"outage {suite.way}"
    store.stop()
    try:
        with suite.smtp() as client:
            client.sendmail(BOB, [ANNA], message(subject))
        [waiting] = wait_for(lambda: [one for one in suite.json("queue", "list")["messages"]
                                      if one["recipients"][0]["reply"]], 30)
        assert waiting["recipients"][0]["next_hop"].startswith("lmtp:")
    finally:
        store.start()
    assert len(copies(suite, store, subject)) == 1


@installed.required
def test_senders_are_not_told_of_the_socket_operators_are(store):
    with delivering_to(f"lmtp:unix:{store.socket}") as suite:
        store.stop()
        try:
            with suite.smtp() as client:
                client.sendmail(BOB, [ANNA], message("waits"))
            [waiting] = wait_for(lambda: [one for one in suite.json("queue", "list")["messages"]
                                          if one["recipients"][0]["reply"]], 30)
            assert str(store.socket) in suite.command("queue", "show", waiting["id"]).stdout
            assert [line for line in suite.events("connection_failed") if f"unix:{store.socket}" in line]
            suite.command("queue", "expire", waiting["id"])
        finally:
            store.start()
        [report] = wait_for(lambda: [one for one in store.messages(BOB) if b"expired by the operator" in one], 60)
        assert b"the mail store: " in report and str(store.socket).encode() not in report


@pytest.mark.parametrize("way", ["tcp", "unix"])
def test_an_instance_of_ours_is_the_store_of_another(way):
    with Instance(start=False) as behind:
        base = behind.port_base
        behind.configure({"smtpd": {"listen": [
            {"address": f"127.0.0.1:{base + 25}", "mode": "mx"},
            {"address": f"127.0.0.1:{base + 24}", "mode": "lmtp"},
            {"address": "unix:run/lmtp.sock", "mode": "lmtp"}]}})
        behind.start()
        behind.add_user(ANNA)
        socket = behind.directory / "run/lmtp.sock"
        with delivering_to(f"lmtp:[127.0.0.1]:{base + 24}" if way == "tcp" else f"lmtp:unix:{socket}") as suite:
            with suite.smtp() as client:
                client.sendmail("ada@example.org", [ANNA, GONE], message("ours"))
            wait_for(lambda: suite.events("delivered") and suite.events("bounced"), 30)
            wait_for(lambda: not suite.json("queue", "list")["messages"], 30, "an empty queue")
            [arrived] = behind.mailbox(ANNA)
            assert b" with LMTP" in arrived and arrived.endswith(BODY.replace(b"\r\n", b"\n"))
            assert not suite.mailbox(ANNA)
