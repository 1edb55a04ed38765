"""Mail beyond ASCII, RFC 6531: taken, passed on where it can be, given back where it cannot."""

import pytest
from harness import Instance, wait_for
from peer import Peer

ANNA = "anna@example.test"
MESSAGE = "Subject: Grüße\r\n\r\nbody\r\n".encode()


@pytest.fixture(scope="module")
def parts():
    with Peer() as modern, Peer() as plain:
        modern.script["EHLO"] = lambda *_: "250-peer.test\n250-8BITMIME\n250-DSN\n250 SMTPUTF8"
        routes = [{"match": "xn--b-eha.test", "via": modern.route}, {"match": "plain.test", "via": plain.route}]
        with Instance({"route": routes}) as suite:
            suite.add_user(ANNA)
            yield suite, modern, plain


def send(suite, sender, recipient, message):
    client = suite.smtp()
    client.ehlo()
    client.command_encoding = "utf-8"
    assert client.mail(sender, ["SMTPUTF8", "BODY=8BITMIME"])[0] == 250
    assert client.rcpt(recipient, ["ORCPT=utf-8;李@old.test"])[0] == 250
    assert client.data(message)[0] == 250
    client.quit()


def test_a_server_with_smtputf8_gets_it_as_it_is(parts):
    suite, modern, _ = parts
    send(suite, ANNA, "李@bü.test", MESSAGE)
    [received] = wait_for(lambda: modern.messages)
    assert received.content.endswith(MESSAGE) and b"with UTF8SMTP id " in received.content
    [mail] = [argument for verb, argument in modern.commands if verb == "MAIL"]
    [rcpt] = [argument for verb, argument in modern.commands if verb == "RCPT"]
    assert mail == f"FROM:<{ANNA}> BODY=8BITMIME SMTPUTF8"
    assert rcpt.encode("latin-1").decode() == "TO:<李@xn--b-eha.test> ORCPT=utf-8;\\x{674E}@old.test"


@pytest.mark.parametrize("recipient, message, why", [
    ("李@plain.test", b"Subject: x\r\n\r\nbody\r\n", "the address needs SMTPUTF8"),
    ("bob@plain.test", MESSAGE, "the message's header needs SMTPUTF8"),
])
def test_a_server_without_gives_it_back(parts, recipient, message, why):
    suite, _, plain = parts
    before = len(suite.mailbox(ANNA))
    send(suite, ANNA, recipient, message)
    wait_for(lambda: len(suite.mailbox(ANNA)) == before + 1)
    report = suite.mailbox(ANNA)[-1].decode()
    assert "\nStatus: 5.6.7\n" in report and why in report
    assert "\nOriginal-Recipient: utf-8; \\x{674E}@old.test\n" in report
    assert ("Final-Recipient: utf-8; \\x{674E}@plain.test" in report) == recipient.startswith("李")
    assert not plain.messages


def test_what_is_ascii_after_all_goes_to_any_server(parts):
    suite, _, plain = parts
    send(suite, ANNA, "bob@plain.test", "Subject: x\r\n\r\nGrüße\r\n".encode())
    wait_for(lambda: plain.messages)
    [mail] = [argument for verb, argument in plain.commands if verb == "MAIL"]
    assert "SMTPUTF8" not in mail
