"""Mail that begins its way here: as whom users may send, what is added to their messages and taken from them, and
the socket by which programs of the host submit."""

import functools
import os
import pathlib
import pwd
import re
import shutil
import smtplib
import socket
import subprocess

import pytest
from certificates import unverified
from harness import BIN, DOMAIN, HOSTNAME, Instance, wait_for

ANNA, BERT, SALES = f"anna@{DOMAIN}", f"bert@{DOMAIN}", f"sales@{DOMAIN}"
NOBODY = pwd.getpwnam("nobody")


@pytest.fixture(scope="module")
def suite():
    with Instance({"relay": {"networks": []}, "smtpd": {"hide_clients": "on"}}) as instance:
        for user in (ANNA, BERT):
            instance.add_user(user)
        instance.command("alias", "add", SALES, ANNA)
        yield instance


def submit(suite, sender, header, user=ANNA, to=BERT):
    """The reply by which the message is accepted or refused."""
    with smtplib.SMTP_SSL("127.0.0.1", suite.port_base + 465, timeout=30, context=unverified()) as client:
        client.login(user, "secret")
        client.mail(sender)
        code, text = client.rcpt(to)
        if code != 250:
            return code, text.decode()
        code, text = client.data(header.replace("\n", "\r\n") + "\r\nbody\r\n")
        return code, text.decode()


def newest(suite, address):
    known = len(suite.mailbox(address))

    def arrived():
        messages = suite.mailbox(address)
        return messages[-1] if len(messages) > known else None
    return lambda: wait_for(arrived, what=f"mail for {address}").decode()


def sendmail(suite, *arguments, input, program=BIN / "sendmail", **process):
    return subprocess.run([program, "-C", suite.config, *arguments], input=input, capture_output=True, text=True,
                          timeout=60, **process)


@pytest.fixture
def as_nobody(suite):
    """Runs sendmail as another user of the host: from a folder that all may enter, wherever the sources are."""
    if os.geteuid() != 0:
        pytest.skip("root alone may run a program as another user")
    for folder in (suite.root, suite.directory, suite.directory / "run"):
        pathlib.Path(folder).chmod(0o711)
    program = shutil.copy(BIN / "postrider", pathlib.Path(suite.root) / "sendmail")
    return functools.partial(sendmail, suite, program=program, user=NOBODY.pw_uid, group=NOBODY.pw_gid,
                             extra_groups=[])


@pytest.mark.parametrize("sender, author", [
    (ANNA, ANNA), (SALES, f"Sales <{SALES}>"), (ANNA.replace("@", "+tag@"), SALES), ("", ANNA)])
def test_users_send_as_their_own_addresses(suite, sender, author):
    assert submit(suite, sender, f"From: {author}\n")[0] == 250


@pytest.mark.parametrize("sender, author, code", [
    (BERT, ANNA, 553), (ANNA, BERT, 550), (f"nobody@{DOMAIN}", ANNA, 553), ("anna@elsewhere.test", ANNA, 553)])
def test_users_send_as_nobody_else(suite, sender, author, code):
    refused = BERT if BERT in (sender, author) else sender
    assert submit(suite, sender, f"From: {author}\n") == (
        code, f"5.7.1 {ANNA} may not send as {refused}")


def test_a_right_to_send_is_granted_and_taken_away(suite):
    letter = f"From: Bert <{BERT}>\n"
    suite.command("user", "send-as", "add", ANNA, BERT)
    assert suite.json("user", "send-as", "list", ANNA) == {"address": ANNA, "senders": [BERT]}
    wait_for(lambda: submit(suite, BERT, letter)[0] == 250, what="the right")
    explained = suite.json("explain", "--from", BERT, "--to", BERT, "--auth", ANNA)
    assert explained["accepted"]
    suite.command("user", "send-as", "remove", ANNA, BERT)
    wait_for(lambda: submit(suite, BERT, letter)[0] == 553, what="the end of the right")
    refused = suite.command("--json", "explain", "--from", BERT, "--to", BERT, "--auth", ANNA, check=False)
    assert refused.returncode == 1
    assert f"553 5.7.1 {ANNA} may not send as {BERT}" in refused.stdout


def test_what_a_message_lacks_is_added_and_bcc_and_client_are_not_told(suite):
    arrives = newest(suite, BERT)
    assert submit(suite, ANNA, f"Subject: x\nBcc: {BERT},\n secret@else.test\nTo: {SALES}\n")[0] == 250
    header = arrives().partition("\n\n")[0]
    assert "secret@" not in header and "127.0.0.1" not in header and "client.test" not in header
    assert re.search(rf"\nReceived: by {HOSTNAME} with ESMTPSA id (\w+)\n", header)
    [identity] = re.findall(rf"\nMessage-ID: <(\w+)@{HOSTNAME}>\n", header)
    assert re.search(r"\nReceived: .* id (\w+)\n", header)[1] == identity
    assert re.search(rf"\nDate: \w\w\w, .* \+0000\n.*\nFrom: <{ANNA}>\nSubject: x\nTo: {SALES}$", header, re.S)


def test_sendmail_hands_mail_over_for_any_user(suite, as_nobody):
    arrives = newest(suite, ANNA)
    message = f"To: {ANNA}\nBcc: {BERT}\nSubject: from nobody\n\nline\n.\n.after\n"
    done = as_nobody("-i", "-t", "-F", "No Body", input=message)
    assert (done.returncode, done.stderr) == (0, "")
    header, _, body = arrives().partition("\n\n")
    assert body == "line\n.\n.after\n"
    assert f'\nFrom: "No Body" <nobody@{HOSTNAME}>' in header
    assert "Bcc" not in header and BERT not in header
    assert "\nDate: " in header and "\nMessage-ID: <" in header
    accepted = [line for line in suite.events("accepted") if f'client="uid {NOBODY.pw_uid}"' in line]
    assert len(accepted) == 1 and "recipients=2" in accepted[0]


def test_sendmail_tells_who_is_refused_and_why(suite):
    refused = sendmail(suite, f"none@{DOMAIN}", input="Subject: x\n\nx\n")
    assert refused.returncode == 69
    assert f"none@{DOMAIN}: 550 5.1.1 no such user" in refused.stderr


def test_sendmail_sends_to_more_than_one_transaction_takes():
    with Instance({"smtpd": {"recipient_limit": 100}}) as suite:
        suite.add_user(ANNA)
        recipients = [ANNA.replace("@", f"+{number}@") for number in range(250)]
        # One who stands there twice gets it once.
        done = sendmail(suite, *recipients, recipients[0], input="Subject: x\n\nx\n")
        assert (done.returncode, done.stderr) == (0, "")
        accepted = suite.events("accepted")
        assert sorted(int(re.search(r" recipients=(\d+) ", event)[1]) for event in accepted) == [50, 100, 100]


@pytest.mark.parametrize("change, undo", [
    (("user", "disable", BERT), ("user", "enable", BERT)),
    (("domain", "disable", DOMAIN), ("domain", "enable", DOMAIN))])
def test_who_is_disabled_sends_no_more_by_an_open_session(suite, change, undo):
    def code_of_mail():
        return client.mail(BERT)[0]

    with smtplib.SMTP_SSL("127.0.0.1", suite.port_base + 465, timeout=30, context=unverified()) as client:
        client.login(BERT, "secret")
        assert client.sendmail(BERT, [ANNA], f"From: {BERT}\r\n\r\nx\r\n") == {}
        suite.command(*change)
        try:
            wait_for(lambda: client.rset()[0] == 250 and code_of_mail() == 421, what="the end of the session")
        finally:
            suite.command(*undo)
    assert f" user={BERT} " in suite.events("login_revoked")[-1]


def test_a_denied_user_submits_nothing(suite, as_nobody):
    suite.configure({"smtpd": {"denied_local_users": ["nobody"]}})
    suite.restart()
    refused = as_nobody(ANNA, input="Subject: x\n\nx\n")
    assert refused.returncode == 69
    assert f"550 5.7.1 uid {NOBODY.pw_uid} may not submit mail" in refused.stderr
    assert sendmail(suite, ANNA, input="Subject: x\n\nx\n").returncode == 0


def test_the_socket_speaks_smtp_to_any_program(suite):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(suite.directory / "run" / "submit.sock"))
        wire = connection.makefile("rwb")
        assert wire.readline().startswith(b"220 ")
        wire.write(b"EHLO localhost\r\n")
        wire.flush()
        keywords = []
        while not keywords or keywords[-1][3:4] == b"-":
            keywords.append(wire.readline())
        assert not any(b"AUTH" in line or b"STARTTLS" in line for line in keywords)
        assert any(b"FUTURERELEASE" in line for line in keywords)
        wire.write(f"MAIL FROM:<root@{HOSTNAME}>\r\nRCPT TO:<{ANNA}>\r\nDATA\r\n".encode())
        wire.flush()
        assert [wire.readline()[:3] for _ in range(3)] == [b"250", b"250", b"354"]
        wire.write(b"Subject: by hand\r\n\r\n.\r\nQUIT\r\n")
        wire.flush()
        assert wire.readline().startswith(b"250 ")
    arrived = wait_for(lambda: [m for m in suite.mailbox(ANNA) if b"\nSubject: by hand\n" in m])
    assert len(arrived) == 1
