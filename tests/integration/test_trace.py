"""postrider trace: the whole life of a message, before and after its lines were collected, and nothing secret in it."""

import base64
import contextlib
import json
import os
import signal
import smtplib
import socket
import sqlite3

import pytest
from harness import DOMAIN, Instance, wait_for
from peer import Peer

ADA, ANNA = "ada@example.org", f"anna@{DOMAIN}"
PASSWORD = "a-very-secret-password"
BODY = "words-of-the-content"


def message(number):
    return (f"From: {ADA}\r\nTo: {ANNA}\r\nMessage-ID: <number-{number}@example.org>\r\n"
            f"Subject: subject-of-the-message\r\n\r\n{BODY}\r\n")


@pytest.fixture(scope="module")
def far():
    with Peer() as peer:
        yield peer


@pytest.fixture(scope="module")
def suite(far):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        down = f"smtp:[127.0.0.1]:{nobody.getsockname()[1]}"
        with Instance({"route": [{"match": "far.test", "via": far.route}, {"match": "down.test", "via": down},
                                 {"match": "held.test", "via": "hold:"}],
                       "deliverd": {"sync_interval": "20ms"}}) as running:
            running.add_user(ANNA, PASSWORD)
            running.command("alias", "add", f"list@{DOMAIN}", ANNA, "carl@far.test")
            yield running


def send(suite, number, to):
    with suite.smtp() as client:
        client.sendmail(ADA, [to] if isinstance(to, str) else to, message(number))


def trace(suite, what, state=None):
    """The answer, once the message is in that state."""
    def answer():
        done = suite.command("--json", "trace", what, check=False)
        if done.returncode != 0:
            return None
        document = json.loads(done.stdout)
        return document if state in (None, document.get("state")) else None
    return wait_for(answer, what=f"the trace of {what} as {state}")


def names(life):
    return [event["event"] for event in life["events"]]


def event(life, name):
    return next(event["values"] for event in life["events"] if event["event"] == name)


def test_a_message_that_is_delivered_is_told_from_the_connection_to_the_file(suite):
    send(suite, 1, ANNA)
    wait_for(lambda: suite.mailbox(ANNA))
    life = trace(suite, "<number-1@example.org>", "delivered")
    wait_for(lambda: "ended" in names(trace(suite, life["id"])))
    life = trace(suite, life["id"])
    told = names(life)
    assert [n for n in told if n in ("connected", "accepted", "local_delivery", "delivered", "ended")] == [
        "connected", "accepted", "local_delivery", "delivered", "ended"]
    assert life["sender"] == ADA and life["recipients"][0]["address"] == ANNA
    accepted = event(life, "accepted")
    assert accepted["to"] == ANNA and accepted["helo"] == "client.test" and int(accepted["durable_ms"]) >= 0
    stored = suite.directory / "mail" / event(life, "local_delivery")["file"]
    assert stored.exists()
    text = suite.command("trace", life["id"]).stdout
    assert "a client connected: 127.0.0.1" in text and "delivered after" in text and str(stored.name) in text


def test_what_was_collected_is_told_as_before(suite):
    life = trace(suite, "number-1@example.org")
    index = suite.directory / "data" / "trace.db"

    def collected():
        with sqlite3.connect(f"file:{index}?mode=ro", uri=True) as database:
            return database.execute("SELECT count(*) FROM events WHERE event IN ('accepted', 'ended')").fetchone()[0] >= 2
    wait_for(lambda: index.exists() and collected())
    assert trace(suite, life["id"])["events"] == life["events"]


def test_a_message_that_is_relayed_shows_the_dialogue(suite, far):
    send(suite, 2, "carl@far.test")
    life = trace(suite, "number-2@example.org", "delivered")
    attempt = event(life, "attempt")
    said = [line["text"] for line in attempt["dialogue"] if line["who"] == "client"]
    heard = [line["text"] for line in attempt["dialogue"] if line["who"] == "server"]
    assert any(line.startswith("EHLO ") for line in said) and f"MAIL FROM:<{ADA}>" in " ".join(said)
    assert any("RCPT TO:<carl@far.test>" in line for line in said)
    assert any(line.startswith("220") for line in heard) and heard[-1].startswith("250")
    assert {"dns_ms", "connect_ms", "tls_ms", "wait_ms", "took_ms"} <= attempt.keys()
    text = suite.command("trace", life["id"]).stdout
    assert "ms > RCPT TO:<carl@far.test>" in text and "attempt at " in text


def test_a_recipient_that_is_refused_is_found_by_its_address(suite):
    with suite.smtp() as client:
        client.ehlo("client.test")
        client.mail(ADA)
        assert client.rcpt(f"nobody@{DOMAIN}")[0] == 550
    life = trace(suite, f"Nobody@{DOMAIN}", "refused")
    assert event(life, "recipient_refused")["check"] and life["said"].startswith("550 5.1.1")


def test_a_message_that_fails_is_told_with_its_report(suite, far):
    far.script["RCPT"] = lambda _, to: "550 5.1.1 there is nobody of that name" if "gone@" in to else "250 ok"
    send(suite, 3, "gone@far.test")
    life = trace(suite, "number-3@example.org", "bounced")
    report = event(life, "report")
    assert report["to"] == ADA and life["reason"] == "bad_address" and "nobody of that name" in life["said"]
    assert trace(suite, report["id"])["id"] == report["id"]


def test_an_alias_is_told_as_what_it_stands_for(suite):
    send(suite, 4, f"list@{DOMAIN}")
    life = trace(suite, "number-4@example.org", "delivered")
    assert {recipient["address"] for recipient in life["recipients"]} == {ANNA, "carl@far.test"}
    assert names(life).count("expanded") == 2


def test_what_is_stuck_is_told_with_the_reason_in_plain_words(suite, far):
    far.script["RCPT"] = lambda _, to: "452 4.2.2 the mailbox is full" if "full@" in to else "250 ok"
    for number in range(5):
        send(suite, 100 + number, "dora@down.test")
        send(suite, 200 + number, "full@far.test")
        send(suite, 300 + number, "emil@held.test")
    def cases():
        answer = suite.json("trace", "--all", ADA)
        found = {(case["state"], case["reason"]): case for case in answer["cases"]}
        wanted = {("waiting", "unreachable"), ("waiting", "mailbox_full"), ("held", "held")}
        return found if wanted <= found.keys() and all(found[key]["messages"] == 5 for key in wanted) else None
    found = wait_for(cases, what="the three reasons")
    text = suite.command("trace", ADA).stdout
    for case in found.values():
        assert case["state"] == "delivered" or not case["why"] or case["why"] in text
    assert "5 waiting: " in text and "the mailbox is full" in text
    assert "next attempt" in suite.command("trace", "full@far.test").stdout


def test_nothing_secret_is_kept(suite):
    with smtplib.SMTP("127.0.0.1", suite.port_base + 587, local_hostname="client.test", timeout=30) as client:
        client.starttls()
        client.login(ANNA, PASSWORD)
        client.sendmail(ANNA, [ANNA], message(5).replace(ADA, ANNA))
        try:
            client.rset()
        except smtplib.SMTPException:
            pass
    with smtplib.SMTP("127.0.0.1", suite.port_base + 587, local_hostname="client.test", timeout=30) as client:
        client.starttls()
        with pytest.raises(smtplib.SMTPException):
            client.login(ANNA, PASSWORD + "-wrong")
    life = trace(suite, "number-5@example.org", "delivered")
    assert {"secured", "authenticated"} <= set(names(life))
    assert event(life, "secured")["tls"].startswith("TLSv1")
    data = suite.directory / "data"
    kept = b"".join(path.read_bytes() for path in [*data.glob("trace.db*"), *(data / "trace").iterdir()])
    assert b"number-5@example.org" in kept
    for secret in (PASSWORD, BODY, "subject-of-the-message"):
        assert secret.encode() not in kept
        assert base64.b64encode(secret.encode()).rstrip(b"=")[:-1] not in kept
    assert base64.b64encode(f"\0{ANNA}\0{PASSWORD}".encode()) not in kept


def test_what_is_not_known_is_told_with_the_reason(suite):
    done = suite.command("trace", "nobody-knows@example.net", check=False)
    assert done.returncode == 1 and "trace.keep" in done.stderr
    assert suite.command("trace", check=False).returncode == 2
    assert suite.command("trace", "--since", "soon", ANNA, check=False).returncode == 2


def test_off_means_that_nothing_is_kept():
    with Instance({"trace": {"enabled": "off"}}) as suite:
        suite.add_user(ANNA)
        send(suite, 1, ANNA)
        wait_for(lambda: suite.mailbox(ANNA))
        assert not list((suite.directory / "data" / "trace").iterdir())
        assert not (suite.directory / "data" / "trace.db").exists()
        done = suite.command("trace", ANNA, check=False)
        assert done.returncode == 1 and "trace.enabled" in done.stderr


def test_a_collector_that_is_killed_loses_nothing(suite):
    def collector():
        for pid in suite.pids():
            with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
                if b"--collect" in file.read():
                    return pid
        return None
    first = wait_for(collector)
    os.kill(first, signal.SIGKILL)
    send(suite, 6, ANNA)
    trace(suite, "number-6@example.org", "delivered")
    assert wait_for(lambda: (pid := collector()) != first and pid, what="another collector")
    assert len(names(trace(suite, "number-6@example.org"))) == len(set(
        (event["time"], event["process"], event["words"]) for event in trace(suite, "number-6@example.org")["events"]))
