"""Real SMTP clients against the whole suite: what swaks, msmtp, Python's smtplib, curl and Postfix's
smtp-source send stands in the mailbox byte for byte, once, and what they are refused they are told."""

import collections
import itertools
import re
import smtplib
import subprocess

import pytest
from clients import required, run
from harness import Instance, peer, peer_environment, wait_for, without_trace

SENDER = "ada@example.org"
NOBODY = "nobody@example.test"
SMTP_SOURCE = peer("smtp-source")
MESSAGES = 1000
SESSIONS = 20
OCTETS = 2000  # 25 lines of 80
# What smtp-source sends of them: numbered lines, and one last without number and line end.
SOURCE_BODY = b"".join(b"%d" % (line % 10) + b"X" * 77 + b"\n" for line in range(1, 25)) + b"X" * 80 + b"\n"

# All that a client has to take care of: dots, an empty body line, octets above 127, the longest line.
MESSAGE = (
    "From: Ada <ada@example.org>\r\nTo: All <all@example.test>\r\nSubject: dots\r\n"
    "Date: Thu, 01 Jan 2026 12:00:00 +0000\r\nMessage-ID: <one@example.org>\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
    "\r\n.\r\n..\r\n.one dot\r\n\r\nGrüße, 郵便\r\n" + "x" * 998 + "\r\n \r\n\r\nend\r\n"
).encode()
STORED = MESSAGE.replace(b"\r\n", b"\n")


@pytest.fixture(scope="module")
def suite():
    with Instance({"smtpd": {"recipient_limit": 100}}) as running:
        yield running


numbers = itertools.count(1)


@pytest.fixture
def recipients(suite):
    """Two mailboxes of this test's own."""
    addresses = [f"user{next(numbers)}@example.test" for _ in range(2)]
    for address in addresses:
        suite.add_user(address)
    return addresses


@pytest.fixture
def file(tmp_path):
    """The message in a file, with CRLF line ends."""
    path = tmp_path / "message"
    path.write_bytes(MESSAGE)
    return path


def contents(suite, address, count=1):
    """Waits for `count` messages; all that the mailbox has, without trace fields."""
    wait_for(lambda: len(suite.mailbox(address)) >= count, what=f"mail for {address}")
    return [without_trace(message) for message in suite.mailbox(address)]


def delivered(suite):
    return suite.json("status")["counters"]["postrider_queue_recipients_delivered_total"]


# ---- curl ----


def curl(suite, file, recipients, *options):
    asked = [option for recipient in recipients for option in ("--mail-rcpt", recipient)]
    return run("curl", "-q", "--silent", "--show-error", "--noproxy", "*", "--max-time", 30,
               f"smtp://127.0.0.1:{suite.smtp_port}/client.test", "--mail-from", SENDER, *asked,
               "--upload-file", file, *options)


@required("curl")
def test_curl_sends_to_several(suite, recipients, file):
    assert curl(suite, file, recipients).returncode == 0
    assert [contents(suite, address) for address in recipients] == [[STORED], [STORED]]


@required("curl")
def test_curl_gives_up_when_one_recipient_is_refused(suite, recipients, file):
    done = curl(suite, file, [recipients[0], NOBODY])
    assert done.returncode == 55 and b"RCPT failed: 550" in done.stderr
    assert curl(suite, file, recipients[1:]).returncode == 0
    assert contents(suite, recipients[1]) == [STORED]
    assert not suite.mailbox(recipients[0])


@required("curl")
def test_curl_goes_on_without_who_was_refused_if_told_so(suite, recipients, file):
    assert curl(suite, file, [NOBODY, *recipients], "--mail-rcpt-allowfails").returncode == 0
    assert [contents(suite, address) for address in recipients] == [[STORED], [STORED]]


# ---- swaks ----


def swaks(suite, file, recipients, *options):
    return run("swaks", "--server", "127.0.0.1", "--port", suite.smtp_port, "--helo", "client.test",
               "--from", SENDER, "--to", ",".join(recipients), "--data", f"@{file}", *options)


@required("swaks")
@pytest.mark.parametrize("options", [[], ["--pipeline"], ["--protocol", "SMTP"]], ids=str)
def test_swaks_sends_to_several(suite, recipients, file, options):
    done = swaks(suite, file, recipients, *options)
    assert done.returncode == 0, done.stdout
    ended = STORED + b"\n"  # swaks adds a line end to what stands in the file
    assert [contents(suite, address) for address in recipients] == [[ended], [ended]]
    assert (b"-> HELO" if "SMTP" in options else b"-> EHLO") in done.stdout


@required("swaks")
def test_swaks_is_told_who_is_refused(suite, file):
    done = swaks(suite, file, [NOBODY])
    assert done.returncode == 24  # no recipient was accepted
    assert b"<** 550 5.1.1 " in done.stdout


# ---- msmtp ----


@required("msmtp")
def test_msmtp_sends_to_several(suite, recipients):
    done = msmtp(suite, recipients)
    assert done.returncode == 0, done.stderr
    assert [contents(suite, address) for address in recipients] == [[STORED], [STORED]]


@required("msmtp")
def test_msmtp_is_told_who_is_refused(suite):
    done = msmtp(suite, [NOBODY])
    assert done.returncode == 65  # EX_DATAERR
    assert b"550 5.1.1 " in done.stderr


def msmtp(suite, recipients):
    """msmtp takes LF line ends, as a mail program hands it a message."""
    return run("msmtp", "--file=/dev/null", "--host=127.0.0.1", f"--port={suite.smtp_port}", "--tls=off",
               "--auth=off", "--domain=client.test", f"--from={SENDER}", "--", *recipients, input=STORED)


# ---- smtplib ----


def test_smtplib_sends_many_in_one_session(suite, recipients):
    with suite.smtp() as client:
        for _ in range(20):
            assert client.sendmail(SENDER, recipients, MESSAGE, ["BODY=8BITMIME"]) == {}
    assert [contents(suite, address, 20) for address in recipients] == [[STORED] * 20] * 2


def test_smtplib_is_told_who_is_refused(suite, recipients):
    with suite.smtp() as client:
        refused = client.sendmail(SENDER, [recipients[0], NOBODY], MESSAGE)
        assert refused == {NOBODY: (550, b"5.1.1 no such user")}
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail(SENDER, [NOBODY], MESSAGE)
        client.sendmail(SENDER, recipients[1:], MESSAGE)
    assert [contents(suite, address) for address in recipients] == [[STORED], [STORED]]


def test_smtplib_sends_to_a_hundred_and_no_more(suite, recipients):
    before = delivered(suite)
    user, domain = recipients[0].split("@")
    tagged = [f"{user}+{number}@{domain}" for number in range(101)]
    with suite.smtp() as client:
        refused = client.sendmail(SENDER, tagged, MESSAGE)
    assert refused == {tagged[100]: (452, b"4.5.3 too many recipients")}
    wait_for(lambda: delivered(suite) >= before + 100, what="all deliveries")
    assert contents(suite, recipients[0]) == [STORED]  # a mailbox gets a message once


# ---- smtp-source ----


@pytest.mark.skipif(SMTP_SOURCE is None, reason="smtp-source (package postfix) is not unpacked")
@pytest.mark.parametrize("options", [[], ["-d"]], ids=["a connection a message", "connections that stay"])
def test_a_thousand_messages_at_once_arrive_once_each(suite, recipients, options):
    before = delivered(suite)
    done = subprocess.run(
        [SMTP_SOURCE, *options, "-s", str(SESSIONS), "-m", str(MESSAGES), "-l", str(OCTETS), "-M", "source.test",
         "-S", "at once", "-f", SENDER, "-t", recipients[0], f"127.0.0.1:{suite.smtp_port}"],
        env=peer_environment(), capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    wait_for(lambda: delivered(suite) >= before + MESSAGES, 60, "all deliveries")
    arrived = contents(suite, recipients[0], MESSAGES)
    ids = collections.Counter(re.search(rb"(?m)^Message-Id: (<.+>)$", message)[1] for message in arrived)
    assert len(arrived) == len(ids) == MESSAGES
    assert {message.partition(b"\n\n")[2] for message in arrived} == {SOURCE_BODY}
