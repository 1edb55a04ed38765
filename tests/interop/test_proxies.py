"""Real programs that tell smtpd who the client is: HAProxy, swaks and curl with a PROXY header, swaks by
XCLIENT."""

import smtplib
import subprocess

import pytest
from clients import required
from harness import Instance, free_port, peer, peer_environment, wait_for

ANNA = "anna@example.test"
HAPROXY = peer("haproxy")
# It looks every 100 ms whether we are there, by a connection of its own.
SETTINGS = """
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  option smtpchk EHLO haproxy.test
listen one
  bind 127.0.0.1:{front}
  server us 127.0.0.1:{back} {options} check check-send-proxy inter 100ms
"""


@pytest.fixture(scope="module")
def suite():
    with Instance(start=False) as running:
        running.configure({"smtpd": {
            "listen": [{"address": f"127.0.0.1:{running.smtp_port}", "mode": "mx", "proxy": True},
                       {"address": f"127.0.0.1:{running.port_base + 587}", "mode": "submission"}],
            "proxy_networks": ["127.0.0.1"], "xclient_networks": ["127.0.0.1"]}})
        running.start()
        running.add_user(ANNA)
        yield running


def newest(suite, count):
    wait_for(lambda: len(suite.mailbox(ANNA)) == count)
    return suite.mailbox(ANNA)[-1]


def swaks(port, *options):
    return subprocess.run(["swaks", "--server", "127.0.0.1", "--port", str(port), "--helo", "client.test",
                           "--from", "ada@example.org", "--to", ANNA, *options], capture_output=True, timeout=60)


@required("swaks")
@pytest.mark.parametrize("version, family, source, literal", [
    ("1", "TCP4", "203.0.113.9", b"[203.0.113.9]"),
    ("1", "TCP6", "2001:db8::9", b"[IPv6:2001:db8::9]"),
    ("2", "AF_INET", "203.0.113.9", b"[203.0.113.9]"),
    ("2", "AF_INET6", "2001:db8::9", b"[IPv6:2001:db8::9]"),
])
def test_swaks_says_who_the_client_is(suite, version, family, source, literal):
    before = len(suite.mailbox(ANNA))
    destination = "::1" if ":" in source else "127.0.0.1"
    done = swaks(suite.smtp_port, "--proxy-version", version, "--proxy-family", family, "--proxy-source", source,
                 "--proxy-source-port", "4711", "--proxy-dest", destination, "--proxy-dest-port", "25")
    assert done.returncode == 0, done.stdout + done.stderr
    assert b"Received: from client.test (" + literal + b")\n" in newest(suite, before + 1)


@required("curl")
def test_curl_says_that_it_is_the_client(suite, tmp_path):
    before = len(suite.mailbox(ANNA))
    message = tmp_path / "message"
    message.write_bytes(b"Subject: x\r\n\r\n")
    done = subprocess.run(
        ["curl", "-q", "--silent", "--show-error", "--noproxy", "*", "--max-time", "30", "--haproxy-protocol",
         f"smtp://127.0.0.1:{suite.smtp_port}/client.test", "--mail-from", "ada@example.org", "--mail-rcpt", ANNA,
         "--upload-file", message], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert b"Received: from client.test ([127.0.0.1])\n" in newest(suite, before + 1)


@required("swaks")
def test_swaks_speaks_for_a_user_who_is_logged_in(suite):
    before = len(suite.mailbox(ANNA))
    done = swaks(suite.port_base + 587, "--from", ANNA, "--xclient-addr", "203.0.113.9", "--xclient-name", "far.test",
                 "--xclient-login", ANNA, "--xclient-port", "4711", "--xclient-proto", "ESMTP",
                 "--xclient-destaddr", "192.0.2.1", "--xclient-destport", "587", "--xclient-helo", "far.test")
    assert done.returncode == 0, done.stdout + done.stderr
    [trace, _] = newest(suite, before + 1).split(b";", 1)
    assert b"Received: from client.test (far.test [203.0.113.9])\n" in trace and b" with ESMTPA " in trace
    assert "client=203.0.113.9 " in suite.events("accepted")[-1]


@pytest.mark.skipif(HAPROXY is None, reason="haproxy is not unpacked")
@pytest.mark.parametrize("options", ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c"])
def test_haproxy_says_who_its_clients_are(suite, tmp_path, options):
    before, refused = len(suite.mailbox(ANNA)), len(suite.events("proxy_refused"))
    front = free_port()
    (tmp_path / "haproxy.cfg").write_text(SETTINGS.format(front=front, back=suite.smtp_port, options=options))
    haproxy = subprocess.Popen([HAPROXY, "-db", "-f", tmp_path / "haproxy.cfg"], env=peer_environment())
    try:
        def send():
            try:
                with smtplib.SMTP("127.0.0.1", front, "client.test", 20, ("127.0.0.5", 0)) as client:
                    client.sendmail("ada@example.org", [ANNA], "Subject: x\r\n\r\n")
                return True
            except (ConnectionRefusedError, smtplib.SMTPServerDisconnected):
                return False
        wait_for(send, what="HAProxy")
        assert b"Received: from client.test ([127.0.0.5])\n" in newest(suite, before + 1)
    finally:
        haproxy.terminate()
        haproxy.wait()
    assert len(suite.events("proxy_refused")) == refused
