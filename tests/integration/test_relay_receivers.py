"""Relaying to the servers that others run: what arrives is what was sent, who is unknown is reported, and DNS tells
the way."""

import contextlib
import os
import pathlib
import re
import subprocess
import tempfile

import installed
import nsd
import pytest
import receivers
from harness import Instance, free_port, wait_for

pytestmark = installed.required
SENDER = "sender@example.test"
COUNT = 12
BODIES = [
    b"A plain line.\r\n",
    b".\r\n..\r\n...leading dots\r\n.x\r\n",
    "Gr\u00fc\u00dfe aus K\u00f6ln\r\n".encode(),
    b"x" * 990 + b"\r\n",
    b"no line\r\n" * 40_000,
    b"\r\n\r\n",
]


def message(number):
    body = BODIES[number % len(BODIES)]
    return (b"From: <sender@example.test>\r\nSubject: number %d\r\nMessage-ID: <%d@example.test>\r\n"
            b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
            % (number, number)) + body


def body_of(octets):
    """Of a message as a server stored it, with LF at the ends of lines or CRLF, and perhaps an empty line more."""
    return octets.replace(b"\r\n", b"\n").split(b"\n\n", 1)[1].rstrip(b"\n")


@contextlib.contextmanager
def unbound(folder, zones):
    """A resolver that asks nsd for the zones, and knows nothing else; its address."""
    with nsd.serve(folder, zones) as authority:
        host, _, port = authority.rpartition(":")
        own = free_port()
        stubs = "".join(f"stub-zone:\n  name: {name}\n  stub-addr: {host}@{port}\n" for name in zones)
        (folder / "unbound.conf").write_text(f"""
server:
  interface: 127.0.0.1@{own}
  do-daemonize: no
  do-not-query-localhost: no
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  local-zone: test nodefault
  module-config: iterator
  trust-anchor-signaling: no
  root-hints: ""
remote-control:
  control-enable: no
{stubs}""")
        server = installed.start(folder / "unbound", "/usr/sbin/unbound", "-d", "-c", folder / "unbound.conf",
                                 stderr=subprocess.DEVNULL)
        try:
            yield f"127.0.0.1:{own}"
        finally:
            server.terminate()
            server.wait(20)


SOA = "@ SOA @ @ 1 3600 900 86400 5\n@ NS @\n@ A 127.0.0.1\n"


@pytest.fixture
def folder():
    """Which, unlike pytest's own, other users may enter."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield pathlib.Path(name)


@pytest.mark.parametrize("receiver", [receivers.exim, receivers.opensmtpd, receivers.postfix_],
                         ids=lambda one: one.__name__.rstrip("_"))
def test_all_arrives_as_it_was_sent(folder, receiver):
    (folder / "server").mkdir()
    (folder / "dns").mkdir()
    far = SOA + "@ MX 10 gone\n@ MX 20 mail\ngone A 127.0.0.9\nmail CNAME host\nhost A 127.0.0.1\n"
    with receiver(folder / "server", "far.test") as server, unbound(folder / "dns", {"far.test": far}) as dns:
        with Instance({"dns": {"servers": [dns], "timeout": "2s"}, "relay": {"port": server.port},
                       "queue": {"retry_interval": "2s"}}) as suite:
            suite.add_user(SENDER)
            with suite.smtp() as client:
                for number in range(COUNT):
                    client.sendmail(SENDER, [f"user{number}@far.test"], message(number))
                client.sendmail(SENDER, ["one@far.test", "unknown@far.test", "two@far.test"], message(COUNT))
            wait_for(lambda: not suite.json("queue", "list")["messages"], 60, "an empty queue")
            reports = wait_for(lambda: suite.mailbox(SENDER), what="the report on who is unknown")
            expected = COUNT + 2  # one file for each recipient
            wait_for(lambda: len(server.messages()) >= expected, 30, "all that was sent")
        arrived = {int(re.search(rb"Subject: number (\d+)", one)[1]): one for one in server.messages()}
    assert sorted(arrived) == list(range(COUNT + 1))
    for number, octets in arrived.items():
        assert body_of(octets) == body_of(message(number)), f"message {number}"
    assert len(reports) == 1
    assert b"unknown@far.test" in reports[0] and b"one@far.test" not in reports[0].split(b"message/rfc822")[0]
