"""What smtpd makes of strangers: with real DNS (nsd), through the whole suite."""

import socket
import subprocess

import pytest
from harness import Instance, free_port, peer, wait_for

NSD = peer("nsd")
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
    folder = tmp_path_factory.mktemp("nsd")
    port = free_port()
    zones = ""
    for name, records in ZONES.items():
        (folder / name).write_text(f"$ORIGIN {name}.\n$TTL 60\n{records}")
        zones += f"zone:\n  name: {name}\n  zonefile: {name}\n"
    (folder / "nsd.conf").write_text(f"""
server:
  ip-address: 127.0.0.1@{port}
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: ""
  xfrdfile: "{folder}/xfrd.state"
  zonelistfile: "{folder}/zone.list"
  logfile: "{folder}/log"
remote-control:
  control-enable: no
{zones}""")
    log = folder / "log"
    server = subprocess.Popen([NSD, "-d", "-c", folder / "nsd.conf"])
    try:
        wait_for(lambda: log.exists() and "nsd started" in log.read_text(), what="nsd's start")
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


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
