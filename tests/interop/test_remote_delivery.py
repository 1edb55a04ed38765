"""deliverd@remote among real programs: nsd answers for DNS, Postfix's smtp-sink takes the mail."""

import email
import email.policy
import os
import pwd
import re
import subprocess

import pytest
from harness import Instance, free_port, peer, peer_environment, wait_for
from nsd import NSD, serve

SMTP_SINK = peer("smtp-sink")
pytestmark = pytest.mark.skipif(NSD is None, reason="nsd is not installed")

SENDER = "anna@example.test"
MESSAGE = (
    "From: anna@example.test\r\nTo: bob@example.net\r\nSubject: by MX\r\n"
    "Message-ID: <one@example.test>\r\n\r\nfirst line\r\n.line with a dot\r\n"
)
ZONE = """@ SOA ns hostmaster 1 60 60 60 60
@ NS ns
ns A 127.0.0.1
mxdomain MX 10 sink
fallback MX 10 nobody.host
fallback MX 20 sink
implicit A 127.0.0.1
nullmx MX 0 .
loop MX 10 mx.example.test.
sink A 127.0.0.1
nobody.host A 127.0.0.66
mx.example A 127.0.0.1
"""


@pytest.fixture(scope="module")
def dns(tmp_path_factory):
    """The address of an nsd that answers for the zone `test`."""
    with serve(tmp_path_factory.mktemp("nsd"), {"test": ZONE}) as address:
        yield address


@pytest.fixture
def sink(tmp_path):
    """Starts smtp-sink with options; gives its port, and the folder of the messages it took."""
    if SMTP_SINK is None:
        pytest.skip("smtp-sink (package postfix) is not installed")
    started = []

    def start(*options):
        port = free_port()
        folder = tmp_path / "sink"
        folder.mkdir()
        user = "nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        if os.getuid() == 0:
            folder.chmod(0o777)
            for parent in folder.parents[:3]:
                parent.chmod(0o755)
        command = [SMTP_SINK, "-u", user, "-R", folder, "-d", "%M.", *options, f"127.0.0.1:{port}", "100"]
        started.append(subprocess.Popen(command, env=peer_environment()))
        return port, folder

    yield start
    for process in started:
        process.terminate()
        process.wait()


@pytest.fixture
def relay(dns):
    """Starts a suite that asks our DNS and takes every server to listen on `port`."""
    instances = []

    def start(port):
        suite = Instance({"dns": {"servers": [dns]}, "relay": {"port": port, "networks": ["127.0.0.1/32"]}})
        instances.append(suite.__enter__())
        suite.add_user(SENDER)
        return suite

    yield start
    for suite in instances:
        suite.__exit__(None, None, None)


def send(suite, *recipients):
    with suite.smtp() as client:
        client.sendmail(SENDER, recipients, MESSAGE)


def taken(folder):
    """What the sink took: fields that tell of the transaction, then the message."""
    return [path.read_text() for path in folder.iterdir() if path.stat().st_size > 0]


def report_on(suite, domain):
    """Sends to `domain`; the report in the sender's mailbox, as Python's email package reads it."""
    send(suite, f"bob@{domain}")
    octets = wait_for(lambda: suite.mailbox(SENDER), what="the report")[0]
    report = email.message_from_bytes(octets, policy=email.policy.default)
    assert report.get_content_type() == "multipart/report"
    assert report["Auto-Submitted"] == "auto-replied"
    assert not report.defects and not any(part.defects for part in report.walk())
    text, status, original = report.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert status.get_content_type() == "message/delivery-status"
    return text.get_content(), status.get_payload()[1], original


@pytest.mark.parametrize("domain", ["mxdomain.test", "implicit.test", "fallback.test"])
def test_mail_reaches_the_exchanger_of_the_domain(relay, sink, domain):
    port, folder = sink()
    suite = relay(port)
    send(suite, f"bob@{domain}")
    wait_for(lambda: "event=sent" in suite.log_text(), what="the line in the log")
    message = wait_for(lambda: taken(folder), what="the message at the sink")[0]
    assert message.endswith(MESSAGE.replace("\r\n", "\n") + "\n")  # the sink's own line end
    assert f"X-Rcpt-Args: <bob@{domain}>" in message


@pytest.mark.parametrize(
    "domain, status",
    [("nullmx.test", "5.1.10"), ("absent.test", "5.1.2"), ("loop.test", "5.4.6")],
)
def test_what_dns_rules_out_is_reported_at_once(relay, domain, status):
    text, fields, _ = report_on(relay(free_port()), domain)
    assert fields["Status"] == status
    assert fields["Action"] == "failed"
    assert fields["Final-Recipient"] == f"rfc822; bob@{domain}"
    assert f"<bob@{domain}>" in text


def test_a_refusal_is_reported_with_the_servers_words(relay, sink):
    port, _ = sink("-f", "RCPT")
    text, fields, original = report_on(relay(port), "mxdomain.test")
    assert fields["Status"].startswith("5.")
    assert fields["Remote-MTA"] == "dns; sink.test"
    assert fields["Diagnostic-Code"].startswith("smtp; 5")
    assert re.search(r"The server sink\.test\[127\.0\.0\.1\] said to\s+RCPT TO:<[^>]*>:\s+5", text)
    assert "Message-ID: <one@example.test>" in str(original)


def test_a_server_that_is_busy_keeps_the_mail_in_the_queue(relay, sink):
    port, _ = sink("-r", "RCPT")
    suite = relay(port)
    send(suite, "bob@mxdomain.test")
    wait_for(lambda: "event=deferred" in suite.log_text(), what="the deferral")
    assert suite.json("queue", "list")
    assert not suite.mailbox(SENDER)
