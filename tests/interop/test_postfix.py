"""A real Postfix relays to us: by STARTTLS that it insists on to the MX listener, and as a user who logs in, to the
submission listener, whose certificate it verifies."""

import re

import postfix
import pytest
from certificates import authority, issue
from harness import DOMAIN, HOSTNAME, Instance, wait_for

pytestmark = postfix.required

ANNA, BOB = (f"{name}@{DOMAIN}" for name in ("anna", "bob"))
PASSWORD = "correct-horse"
ORDINARY = 16
LARGE = 5 << 20


@pytest.fixture(scope="module")
def suite():
    with Instance(start=False) as running:
        listen = [{"address": f"127.0.0.1:{running.port_base + port}", "mode": mode}
                  for port, mode in {25: "mx", 587: "submission"}.items()]
        running.configure({"smtpd": {"listen": listen}})
        tls = running.directory / "tls"
        running.authority = authority(tls)
        issue(tls, HOSTNAME, tls / "certificate.pem", tls / "key.pem")
        running.root.chmod(0o755)  # Postfix reads the authority's certificate before it gives up root
        running.start()
        running.add_user(ANNA, PASSWORD)
        running.add_user(BOB, PASSWORD)
        yield running


def relaying(suite, port, **settings):
    """Settings of a Postfix that hands all mail for our domain to that port of ours."""
    return {"relay_domains": DOMAIN, "relay_transport": f"smtp:[127.0.0.1]:{port}", "smtputf8_enable": "yes",
            "smtp_tls_loglevel": "1", "smtp_tls_CAfile": suite.authority, **settings}


def message(name, body):
    return (f"From: <{ANNA}>\r\nTo: <{BOB}>\r\nSubject: {name}\r\nDate: Thu, 01 Jan 2026 12:00:00 +0000\r\n"
            f"Message-ID: <{name}@example.test>\r\n\r\n").encode() + body


# By the name, which is its Subject: the sender, what MAIL and RCPT ask for, and the body.
MESSAGES = {
    **{f"ordinary {number}": (ANNA, [], [], b".line\r\n" * number) for number in range(ORDINARY)},
    "8 bits": (ANNA, ["BODY=8BITMIME"], [], "Grüße, 郵便\r\n".encode()),
    "beyond ASCII": ("jörg@example.org", ["SMTPUTF8", "BODY=8BITMIME"], [], "Grüße\r\n".encode()),
    "to be reported": (ANNA, ["RET=HDRS", "ENVID=QQ314159"], ["NOTIFY=SUCCESS", f"ORCPT=rfc822;{BOB}"], b"\r\n"),
    "large": (ANNA, [], [], (b"x" * 76 + b"\r\n") * (LARGE // 78)),
}


def submit(running, names):
    with running.connect() as client:
        client.ehlo()
        client.command_encoding = "utf-8"
        for name in names:
            sender, mail_options, rcpt_options, body = MESSAGES[name]
            assert client.mail(sender, mail_options)[0] == 250
            assert client.rcpt(BOB, rcpt_options)[0] == 250
            assert client.data(message(name, body))[0] == 250


def arrived(suite):
    """Bob's messages by their Subject."""
    return {re.search(rb"(?m)^Subject: (.*)$", octets)[1].decode(): octets for octets in suite.mailbox(BOB)}


def accepted_by(suite, octets):
    """The line of the log that tells that this message was accepted."""
    id = re.search(rb"(?m)^Received: .*\n(?:\t.*\n)*?.* id (\w+)", octets)[1].decode()
    [line] = [line for line in suite.events("accepted") if f"id={id}" in line.split()]
    return line


def test_all_kinds_of_messages_arrive_whole_under_tls(suite):
    settings = relaying(suite, suite.smtp_port, smtp_tls_security_level="encrypt")
    with postfix.running(suite.root / "encrypt", settings) as running:
        submit(running, MESSAGES)
        outcomes = running.outcomes("smtp", len(MESSAGES))
        assert all("dsn=2.0.0, status=sent (250 2.0.0 accepted as " in line for line in outcomes)
        assert any(" TLS connection established to " in line for line in running.log_lines("smtp"))
    wait_for(lambda: len(suite.mailbox(BOB)) >= len(MESSAGES), what="delivery")
    found = arrived(suite)
    assert found.keys() == MESSAGES.keys() and len(suite.mailbox(BOB)) == len(MESSAGES)
    for name, (sender, _, _, body) in MESSAGES.items():
        assert found[name].startswith(f"Return-Path: <{sender}>\n".encode())
        assert found[name].endswith(message(name, body).replace(b"\r\n", b"\n"))
        protocol = "UTF8SMTPS" if name == "beyond ASCII" else "ESMTPS"
        line = accepted_by(suite, found[name])
        assert f" protocol={protocol} " in line and " tls=TLSv1.3 cipher=TLS_" in line and " helo=postfix.test " in line
    [report] = wait_for(lambda: suite.mailbox(ANNA), what="the report of success")
    assert b"\nOriginal-Envelope-Id: QQ314159\n" in report and b"\nAction: delivered\n" in report


def test_as_a_user_who_logs_in_it_verifies_us_and_may_send(suite):
    settings = relaying(suite, suite.port_base + 587, smtp_tls_security_level="secure",
                        smtp_tls_secure_cert_match=HOSTNAME, smtp_sasl_auth_enable="yes",
                        smtp_sasl_password_maps=f"static:{ANNA}:{PASSWORD}",
                        smtp_sasl_tls_security_options="noanonymous")
    before = len(suite.mailbox(BOB))
    with postfix.running(suite.root / "submission", settings) as running:
        submit(running, ["ordinary 3"])
        [outcome] = running.outcomes("smtp", 1)
        assert " status=sent (250 2.0.0 accepted as " in outcome
        assert any("Verified TLS connection established to " in line for line in running.log_lines("smtp"))
    wait_for(lambda: len(suite.mailbox(BOB)) == before + 1)
    line = accepted_by(suite, suite.mailbox(BOB)[-1])
    assert f" user={ANNA} " in line and " protocol=ESMTPSA " in line and " tls=TLSv1.3 " in line
