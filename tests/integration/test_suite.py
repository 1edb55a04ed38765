"""The whole suite: a message goes in, through and out, and the command sees it on its way."""

import os
import signal
import smtplib
import subprocess

import pytest
from harness import BIN, STOP_SECONDS, Instance, is_alive, wait_for

ANNA = "anna@example.test"
MESSAGE = "From: ada@example.org\r\nTo: anna@example.test\r\nSubject: x\r\n\r\nbody\r\n..dots\r\n"


@pytest.fixture(scope="module")
def suite():
    with Instance({"route": [{"match": "held.test", "via": "hold:"}]}) as running:
        running.add_user(ANNA)
        yield running


def send(suite, recipient, body=MESSAGE):
    with suite.smtp() as client:
        client.sendmail("ada@example.org", [recipient], body)


def sent(suite, recipient):
    try:
        send(suite, recipient)
    except (smtplib.SMTPException, OSError):
        return False
    return True


def test_a_message_comes_out_as_it_went_in(suite):
    send(suite, ANNA)
    wait_for(lambda: len(suite.mailbox(ANNA)) == 1)
    client = suite.pop3(ANNA)
    lines = client.retr(1)[1]
    client.dele(1)
    client.quit()
    assert b"\r\n".join(lines[-6:]) == MESSAGE.rstrip("\r\n").encode()
    assert not suite.mailbox(ANNA)


def test_sendmail_hands_mail_over(suite):
    done = subprocess.run([BIN / "sendmail", "-C", suite.config, "-i", "-t"], text=True,
                          input=f"To: {ANNA}\nBcc: nobody@else.invalid-\nSubject: by sendmail\n\n.\nend\n",
                          capture_output=True, timeout=60)
    assert done.returncode == 69 and "else.invalid-" in done.stderr  # the one that cannot be
    [message] = wait_for(lambda: suite.mailbox(ANNA))
    assert message.endswith(b"\n\n.\nend\n") and b"Bcc" not in message and b"\nMessage-ID: <" in message


def test_status_tells_the_processes_and_counts(suite):
    names = {process["name"] for process in suite.json("status")["processes"]}
    assert {"smtpd", "deliverd@local", "deliverd@remote"} <= names
    assert suite.json("status")["counters"]["postrider_smtp_messages_accepted_total"] >= 1


def test_explain_tells_the_way_of_an_address(suite):
    steps = suite.json("explain", ANNA)["steps"]
    assert any("local" in step["output"] or step["rule"] == "mailbox" for step in steps)


def test_the_queue_is_listed_shown_and_emptied(suite):
    send(suite, "bert@held.test")
    [message] = wait_for(lambda: suite.json("queue", "list", "--state", "held")["messages"])
    assert message["sender"] == "ada@example.org"
    assert message["recipients"][0]["address"] == "bert@held.test"
    assert message["id"] in suite.command("queue", "list").stdout
    assert suite.json("queue", "show", message["id"])["id"] == message["id"]
    content = subprocess.run([BIN / "postrider", "--config", suite.config, "queue", "cat", message["id"]],
                             capture_output=True, timeout=60).stdout
    assert content.endswith(MESSAGE.encode())
    assert suite.json("queue", "summary")["summary"]
    assert suite.command("queue", "show", "0" * 20, check=False).returncode == 1
    assert suite.command("queue", "delete", "--domain", "else.test", check=False).returncode == 1
    assert suite.json("queue", "delete", "--domain", "held.test") == {"count": 1}
    wait_for(lambda: not suite.json("queue", "list")["messages"])


def test_nothing_that_was_accepted_is_lost_by_a_crash(suite):
    before = len(suite.mailbox(ANNA))
    for number in range(20):
        send(suite, ANNA, f"Subject: {number}\r\n\r\nx\r\n")
    suite.kill()
    suite.start()
    wait_for(lambda: len(suite.mailbox(ANNA)) == before + 20)


def test_a_port_in_use_ends_the_start_with_a_message(suite):
    with Instance(start=False) as second:
        second.configure({"smtpd": {"listen": [
            {"address": f"127.0.0.1:{suite.smtp_port}", "mode": "mx"}]}})
        done = second.command("run", check=False)
        assert done.returncode not in (0, None)
        assert f"127.0.0.1:{suite.smtp_port}" in done.stderr and "in use" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_of_the_terminal_lets_workers_end_what_they_do(number):
    with Instance() as suite:
        suite.add_user(ANNA)
        pids = suite.pids()
        client = suite.smtp()
        client.noop()
        os.killpg(suite.process.pid, number)
        if number == signal.SIGINT:
            assert client.file.readline().startswith(b"421 ")  # a worker that was killed says nothing
            client.close()
            assert suite.process.wait(STOP_SECONDS) == 0
            assert not any(map(is_alive, pids))
        else:
            wait_for(lambda: suite.log_text().count("event=reloaded") >= 5, what="every daemon's reload")
            assert client.noop()[0] == 250
            client.close()
            # A connection that an old worker took in its last moment is closed; a client comes again.
            wait_for(lambda: sent(suite, ANNA), what="a connection to a new worker")
            wait_for(lambda: suite.mailbox(ANNA))
        assert "worker_died" not in suite.log_text() and "daemon_died" not in suite.log_text()
