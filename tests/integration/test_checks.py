"""What smtpd makes of strangers: with real DNS (nsd), through the whole suite."""

import json
import socket

import pytest
from harness import Instance, wait_for
from nsd import NSD, serve

pytestmark = pytest.mark.skipif(NSD is None, reason="nsd is not installed")

ANNA = "anna@example.test"
# 127.0.0.1 has a name that leads back, 127.0.0.2 one that does not, 127.0.0.3 none.
ZONES = {
    "test": """
@ SOA ns hostmaster 1 60 60 60 60
@ NS ns
ns A 127.0.0.1
good A 127.0.0.1
good MX 10 good
nullmx MX 0 .
bare TXT "no mail server"
""",
    "127.in-addr.arpa": """
@ SOA ns.test. hostmaster.test. 1 60 60 60 60
@ NS ns.test.
1.0.0 PTR good.test.
2.0.0 PTR good.test.
""",
}


@pytest.fixture(scope="module")
def dns(tmp_path_factory):
    """The address of an nsd that answers for ZONES."""
    with serve(tmp_path_factory.mktemp("nsd"), ZONES) as address:
        yield address


@pytest.fixture(scope="module")
def suite(dns):
    """A suite to which everybody is a stranger."""
    with Instance({"dns": {"servers": [dns]}, "relay": {"networks": []}, "smtpd": {"workers": 1},
                   "checks": {"reverse_dns": "refuse", "sender_domain": "defer", "helo_name": "tag"}}) as suite:
        suite.add_user(ANNA)
        yield suite


class Client:
    """An SMTP client that says what it is told to, from an address of its own."""

    def __init__(self, suite, address, helo="good.test"):
        self.socket = socket.create_connection(("127.0.0.1", suite.smtp_port), 20, (address, 0))
        self.file = self.socket.makefile("rb")
        assert self.reply().startswith("220")
        self.say(f"EHLO {helo}")

    def reply(self):
        while (line := self.file.readline().decode())[3:4] == "-":
            pass
        return line.rstrip()

    def say(self, line):
        self.socket.sendall(line.encode() + b"\r\n")
        return self.reply()

    def rcpt(self, sender, recipient=ANNA):
        assert self.say(f"MAIL FROM:<{sender}>").startswith("250")
        return self.say(f"RCPT TO:<{recipient}>")


@pytest.mark.parametrize("address, reply", [
    ("127.0.0.1", "250 2.1.5 recipient ok"),
    ("127.0.0.2", "550 5.7.25 127.0.0.2 is called good.test, which is not its name"),
    ("127.0.0.3", "550 5.7.25 127.0.0.3 has no name in DNS"),
])
def test_a_clients_name_leads_back_to_its_address(suite, address, reply):
    assert Client(suite, address).rcpt("ann@good.test") == reply


@pytest.mark.parametrize("sender, reply", [
    ("ann@good.test", "250 2.1.5 recipient ok"),
    ("ann@nullmx.test", "450 4.7.27 the sender's domain nullmx.test takes no mail (null MX)"),
    ("ann@bare.test", "450 4.1.8 the sender's domain bare.test has no mail server"),
    ("ann@absent.test", "450 4.1.8 the sender's domain absent.test does not exist"),
    ("", "250 2.1.5 recipient ok"),
])
def test_a_senders_domain_takes_mail(suite, sender, reply):
    assert Client(suite, "127.0.0.1").rcpt(sender) == reply


def test_the_log_says_which_check_refused_and_which_tagged(suite):
    client = Client(suite, "127.0.0.1", helo="word")
    assert client.rcpt("ann@good.test").startswith("250")
    assert client.say("DATA").startswith("354")
    assert client.say("From: a\r\nDate: b\r\n\r\nx\r\n.").startswith("250")
    wait_for(lambda: any("checks=helo_name" in line for line in suite.events("accepted")))
    Client(suite, "127.0.0.3").rcpt("ann@good.test")
    wait_for(lambda: any("check=reverse_dns" in line for line in suite.events("recipient_refused")))


def test_the_tags_of_a_message_that_waits_are_shown(suite):
    suite.configure({"route": [{"match": "held.test", "via": "hold:"}]})
    suite.command("domain", "add", "held.test")
    suite.command("user", "add", "bert@held.test")
    suite.restart()
    client = Client(suite, "127.0.0.1", helo="word")
    assert client.rcpt("ann@good.test", "bert@held.test").startswith("250")
    client.say("DATA")
    message = client.say("From: a\r\nDate: b\r\n\r\nx\r\n.").split()[-1]
    shown = wait_for(lambda: suite.command("queue", "show", message, check=False).stdout)
    assert "helo_name: tag, word is not a fully-qualified name" in shown
    assert suite.json("queue", "show", message)["verdicts"] == [
        {"check": "helo_name", "action": "tag", "reason": "word is not a fully-qualified name"}]


def test_a_client_that_speaks_first_is_refused(suite):
    client = socket.socket()
    client.bind(("127.0.0.1", 0))
    suite.configure({"checks": {"greeting_delay": "300ms"}})
    suite.restart()
    client.connect(("127.0.0.1", suite.smtp_port))
    client.sendall(b"EHLO good.test\r\n")
    file = client.makefile("rb")
    assert file.readline().startswith(b"220")
    while file.readline()[3:4] == b"-":
        pass
    client.sendall(b"MAIL FROM:<ann@good.test>\r\nRCPT TO:<" + ANNA.encode() + b">\r\n")
    assert file.readline().startswith(b"250")
    assert file.readline() == b"550 5.5.1 you spoke before the greeting\r\n"


def explained(suite, *arguments):
    done = suite.command("--json", "explain", *arguments, check=False)
    answer = json.loads(done.stdout)
    return done.returncode, answer, {step["check"]: step["verdict"] for step in answer["checks"]}


def test_explain_runs_the_checks_of_smtpd_and_the_routing_of_queued(suite):
    status, answer, verdicts = explained(suite, "--from", "ann@good.test", "--to", ANNA, "--ip", "127.0.0.1",
                                         "--helo", "word")
    assert status == 0 and answer["accepted"] and answer["reply"] == "250 2.1.5 recipient ok"
    assert verdicts["reverse_dns"] == "pass" and verdicts["helo_name"] == "tag"
    assert verdicts["header_missing"] == "-"
    assert [step["rule"] for step in answer["steps"]] == ["mailbox"]
    assert answer["client"] == {"address": "127.0.0.1", "may_relay": False, "stranger": True}


@pytest.mark.parametrize("arguments, status, reply", [
    (("--from", "ann@good.test", "--to", ANNA, "--ip", "127.0.0.3"), 1,
     "550 5.7.25 127.0.0.3 has no name in DNS"),
    (("--from", "ann@absent.test", "--to", ANNA), 75,
     "450 4.1.8 the sender's domain absent.test does not exist"),
    (("--from", "<>", "--to", "nobody@example.test"), 1, "550 5.1.1 no such user"),
    (("--from", "<>", "--to", "bob@elsewhere.test"), 1, "550 5.7.1 relaying denied"),
    (("--from", ANNA, "--to", "bob@elsewhere.test", "--auth", ANNA), 0, "250 2.1.5 recipient ok"),
])
def test_explain_ends_as_the_message_would(suite, arguments, status, reply):
    ended, answer, _ = explained(suite, *arguments)
    assert (ended, answer["reply"]) == (status, reply)
    assert bool(answer["steps"]) == (status == 0)


def test_explain_reads_a_login_as_the_daemons_do(suite):
    arguments = ("--from", ANNA, "--to", "bob@elsewhere.test", "--auth")
    assert explained(suite, *arguments, ANNA.upper())[:2] == explained(suite, *arguments, ANNA)[:2]
    tagged = suite.command("explain", *arguments, ANNA.replace("@", "+x@"), check=False)
    assert tagged.returncode == 1 and "no such user: anna+x@" in tagged.stderr


def test_explain_tells_why_a_user_cannot_log_in(suite):
    arguments = ("--from", ANNA, "--to", "bob@elsewhere.test", "--auth", ANNA)
    assert explained(suite, *arguments)[2]["login"] == "pass"
    suite.command("user", "disable", ANNA)
    try:
        _, answer, verdicts = explained(suite, *arguments)
    finally:
        suite.command("user", "enable", ANNA)
    assert (answer["reply"], verdicts["login"]) == ("535 5.7.8 authentication credentials invalid", "refuse")


def test_explain_knows_which_passwords_a_user_has(suite):
    def reason():
        ended, answer, verdicts = explained(suite, "--from", user, "--to", ANNA, "--auth", user)
        assert (ended == 0) == (verdicts["login"] == "pass")
        return next(check["reason"] for check in answer["checks"] if check["check"] == "login")

    user = "carl@example.test"
    suite.command("user", "add", user, "--password-stdin", "--scope", "pop3", input="secret\n")
    assert reason() == "the user has no password for smtp"
    suite.command("user", "app-password", "add", user, "fetch", "--scope", "pop3")
    assert reason() == "the user has no password for smtp"
    suite.command("user", "app-password", "add", user, "phone", "--scope", "smtp")
    assert reason() == "by an app password alone"


@pytest.mark.parametrize("name, arguments, reply", [
    ("203.0.113.9", ("--ip", "203.0.113.9"),
     "421 4.7.0 too many wrong passwords from your address, try again later"),
    (ANNA, ("--auth", ANNA), "454 4.7.0 too many wrong passwords, try again later"),
])
@pytest.mark.parametrize("disabled", [False, True])
def test_explain_knows_of_bans(suite, name, arguments, reply, disabled):
    asked = ("--from", ANNA, "--to", ANNA, *arguments)
    assert explained(suite, *asked)[2]["banned"] == "pass"
    suite.command("bans", "add", name)
    if disabled:
        suite.command("user", "disable", ANNA)
    try:
        ended, answer, verdicts = explained(suite, *asked)
    finally:
        suite.command("bans", "lift", name)
        suite.command("user", "enable", ANNA)
    assert (ended, answer["reply"], answer["accepted"], answer["steps"]) == (75, reply, False, [])
    assert verdicts["banned"] == "refuse"
    assert answer["checks"][0]["reason"] == f"{name} is banned"


def test_explain_knows_that_postmaster_hears_everybody(suite):
    status, answer, verdicts = explained(suite, "--from", "ann@good.test", "--to", "Postmaster@example.test",
                                         "--ip", "127.0.0.3")
    assert status == 0 and answer["accepted"]
    assert verdicts["reverse_dns"] == "tag"


def test_explain_reads_addresses_as_mail_and_rcpt_do(suite):
    _, answer, _ = explained(suite, "--from", ANNA, "--to", "bob@b\u00fccher.test", "--auth", ANNA)
    assert answer["steps"] == [{"rule": "next hop", "input": "bob@xn--bcher-kva.test",
                                "output": "mx:xn--bcher-kva.test"}]
    assert suite.json("explain", "bob@b\u00fccher.test")["steps"] == answer["steps"]
    bare = explained(suite, "--from", "<>", "--to", "postmaster")[1]
    assert bare["accepted"] and bare["steps"][0]["input"] == "postmaster"
    quoted = suite.json("explain", '"anna and bob"@elsewhere.test')["steps"]
    assert quoted[0]["input"] == '"anna and bob"@elsewhere.test'


def test_explain_prints_a_line_a_check(suite):
    text = suite.command("explain", "--from", "ann@good.test", "--to", ANNA, "--ip", "127.0.0.3", check=False).stdout
    assert "client 127.0.0.3, a stranger" in text
    [line] = [line for line in text.splitlines() if "reverse_dns" in line]
    assert line.split(None, 4) == ["connect", "reverse_dns", "refuse", "refuse", "127.0.0.3 has no name in DNS"]
    assert "550 5.7.25 127.0.0.3 has no name in DNS" in text.splitlines()


@pytest.mark.parametrize("arguments, status, complaint", [
    (("--from", "ann@good.test"), 2, "--to"),
    (("--from", "ann", "--to", ANNA), 2, "ann: not an address"),
    (("--from", "<>", "--to", "anna"), 2, "anna: not an address"),
    (("--from", "<>", "--to", ANNA, "--ip", "1.2.3"), 2, "1.2.3: not an IP address"),
    (("--from", "<>", "--to", ANNA, "--auth", "bob@example.test"), 1, "no such user: bob@example.test"),
    ((), 2, "which ADDRESS"),
])
def test_explain_says_what_it_cannot_understand(suite, arguments, status, complaint):
    done = suite.command("explain", *arguments, check=False)
    assert done.returncode == status and complaint in done.stderr


def test_explain_needs_no_daemon(dns):
    with Instance({"dns": {"servers": [dns]}}, start=False) as stopped:
        stopped.add_user(ANNA)
        assert stopped.json("explain", ANNA)["steps"] == [{"rule": "mailbox", "input": ANNA, "output": "local"}]
        assert explained(stopped, "--from", "<>", "--to", ANNA)[0] == 0
