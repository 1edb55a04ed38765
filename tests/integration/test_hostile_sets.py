"""Hostile clients play every set of peers' vectors against the programs built with the sanitizers, on each listener
that speaks the protocol, while innocent clients send mail beside them: the sanitizers find nothing, no process ends,
memory stays bounded, and every message that an innocent client was promised arrives once, byte for byte."""

import base64
import collections
import concurrent.futures
import contextlib
import os
import pathlib
import random
import re
import smtplib
import socket
import ssl
import threading

import pytest
import vectors
from certificates import unverified
from harness import DOMAIN, SANITIZED_BIN, Instance, free_port, needs_sanitized, wait_for, without_trace

pytestmark = [pytest.mark.skipif(not vectors.FIXTURES.is_dir(), reason=f"{vectors.FIXTURES} is not there"),
              needs_sanitized]

LONG = bool(os.environ.get("POSTRIDER_LONG"))
INNOCENT = f"anna@{DOMAIN}"
INNOCENT_ADDRESS = "127.0.0.2"
HOSTILE = 6  # at a time
QUIET = 0.02  # seconds that a client waits for a reply that may not come
HANGS = 60  # seconds after which a connection counts as hanging
# How much a process may grow from the first tenth of the plays to the last.
MAY_GROW = 16 << 20
# What is freed is kept poisoned by the sanitizer: little of it, so that memory tells of the programs.
OPTIONS = {"ASAN_OPTIONS": "detect_leaks=1:quarantine_size_mb=4:thread_local_quarantine_size_kb=64"}
LOGIN = base64.b64encode(f"\0{vectors.USER}\0{vectors.PASSWORD}".encode())
PROXY_HEADER = b"PROXY TCP4 203.0.113.9 127.0.0.1 40000 25\r\n"

# What is said first; the word for EHLO; and who may send there, in the place of the vectors' stranger.
STRANGER = b"<a@b.example>"
Listener = collections.namedtuple("Listener", "port tls preface verb sender", defaults=(False, b"", b"EHLO", STRANGER))


@pytest.fixture(scope="module")
def suite():
    assert b"__asan_init" in (SANITIZED_BIN / "smtpd").read_bytes()
    with Instance(start=False, programs=SANITIZED_BIN, environment=OPTIONS) as running:
        base, proxied = running.port_base, free_port()
        listen = [{"address": f"127.0.0.1:{base + port}", "mode": mode}
                  for port, mode in {24: "lmtp", 25: "mx", 465: "submissions", 587: "submission"}.items()]
        listen.append({"address": f"127.0.0.1:{proxied}", "mode": "mx", "proxy": True})
        running.configure({
            "smtpd": {"listen": listen, "workers": 2, "proxy_networks": ["127.0.0.1"], "plaintext_auth": "loopback",
                      "error_delay": "0s"},
            # Strangers wait neither for a name server nor for their errors; mail for elsewhere ends here.
            "checks": {"reverse_dns": "off", "sender_domain": "off", "pipelining": "tag"},
            "bans": {"delay": "0s", "account_failures": 0}, "pop3d": {"workers": 2},
            "dns": {"servers": ["127.0.0.1:1"]}, "route": [{"match": "*", "via": "discard:"}]})
        for address in (vectors.USER, *vectors.RECIPIENTS, INNOCENT):
            running.command("domain", "add", address.partition("@")[2], check=False)
            running.add_user(address, vectors.PASSWORD)
        running.listeners = {
            "smtp": {"mx": Listener(base + 25), "submission": Listener(base + 587),
                     "submissions": Listener(base + 465, True, b"EHLO a\r\nAUTH PLAIN " + LOGIN + b"\r\n",
                                             sender=f"<{vectors.USER}>".encode()),
                     "lmtp": Listener(base + 24, verb=b"LHLO"), "proxy": Listener(proxied, False, PROXY_HEADER)},
            "pop3": {"pop3": Listener(base + 110)},
            "tls": {"submissions": Listener(base + 465), "proxy": Listener(proxied)}}
        running.start()
        yield running


# ---- Hostile clients ----


def at_once(segments):
    return [b"".join(segments)]


def step_by_step(segments):
    return segments


def octet_by_octet(segments):
    wire = b"".join(segments)[:4096]
    return [wire[at:at + 1] for at in range(len(wire))]


def connect(listener):
    client = socket.create_connection(("127.0.0.1", listener.port), HANGS)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return unverified().wrap_socket(client) if listener.tls else client


def play(listener, segments, cut):
    """Plays it, and expects nothing but an end in time. A server that has heard enough may end it earlier."""
    with contextlib.suppress(ConnectionError, ssl.SSLError), connect(listener) as client:
        client.sendall(listener.preface)
        for segment in cut(segments):
            client.settimeout(HANGS)
            client.sendall(segment)
            if segment.endswith(b"\n"):
                client.settimeout(QUIET)
                with contextlib.suppress(TimeoutError):
                    client.recv(1 << 16)
        if not listener.tls:
            client.settimeout(HANGS)
            with contextlib.suppress(OSError):  # it has ended already
                client.shutdown(socket.SHUT_WR)
            while client.recv(1 << 16):
                pass


def attack(suite, one, cut):
    played = collections.Counter()
    for listener in suite.listeners[one.protocol].values():
        segments = [re.sub(rb"(?i)\A[eh][eh]lo", listener.verb, segment).replace(STRANGER, listener.sender)
                    for segment in one.segments]
        play(listener, segments, cut)
        played[one.set] += 1
    return played


# ---- Innocent clients ----


class Innocent(threading.Thread):
    """Sends numbered messages, a few in each session, until it is told to end."""

    def __init__(self, suite, name, open_session):
        super().__init__()
        self.suite, self.label, self.open_session = suite, name, open_session
        self.ending = threading.Event()
        self.promised, self.failure = [], None

    def run(self):
        try:
            while not self.ending.is_set():
                with self.open_session(self.suite) as client:
                    for _ in range(5):
                        content = self.next_message()
                        client.sendmail(INNOCENT, [INNOCENT], content)
                        self.promised.append(content)
                self.ending.wait(0.2)
        except Exception as failure:
            self.failure = failure

    def next_message(self):
        number = len(self.promised)
        return (f"From: {INNOCENT}\r\nDate: Thu, 01 Jan 2026 12:00:00 +0000\r\nMessage-ID: <{number}@{self.label}>\r\n"
                f"Subject: {number}\r\n\r\n").encode() + b".line %d\r\n" % number * (number % 100)


def at_mx(suite):
    client = smtplib.SMTP("127.0.0.1", suite.smtp_port, "innocent.test", HANGS, (INNOCENT_ADDRESS, 0))
    client.starttls(context=unverified())
    return client


def at_submissions(suite):
    client = smtplib.SMTP_SSL("127.0.0.1", suite.port_base + 465, "innocent.test", timeout=HANGS,
                              context=unverified(), source_address=(INNOCENT_ADDRESS, 0))
    client.login(INNOCENT, vectors.PASSWORD)
    return client


def at_lmtp(suite):
    return smtplib.LMTP("127.0.0.1", suite.port_base + 24, "innocent.test", (INNOCENT_ADDRESS, 0), HANGS)


@contextlib.contextmanager
def innocents(suite):
    clients = [Innocent(suite, way.__name__, way) for way in (at_mx, at_submissions, at_lmtp)]
    for client in clients:
        client.start()
    try:
        yield clients
    finally:
        for client in clients:
            client.ending.set()
        for client in clients:
            client.join()


def fetch_all(suite, address):
    """What POP3 hands out of a mailbox."""
    client = suite.pop3(address, vectors.PASSWORD)
    count, _ = client.stat()
    messages = [b"".join(line + b"\r\n" for line in client.retr(number + 1)[1]) for number in range(count)]
    client.quit()
    return messages


# ---- What is held against it ----


def resident(suite):
    """The memory of each process now, in octets."""
    found = {}
    for pid in suite.pids():
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        [name], [kib] = re.findall(r"(?m)^Name:\t(.*)$", status), re.findall(r"(?m)^VmRSS:\s+(\d+)", status)
        found[pid] = (name, int(kib) << 10)
    return found


def play_all(suite):
    """Plays everything in an order that mixes the sets, each at once or step by step, or with POSTRIDER_LONG every
    way; gives the memory after the first tenth, and what was played."""
    every_way = (at_once, step_by_step, octet_by_octet)
    plays = [(one, cut) for number, one in enumerate(vectors.all_plays())
             for cut in (every_way if LONG else every_way[number % 2:][:1])]
    random.Random(1).shuffle(plays)
    tenth = len(plays) // 10
    played = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(HOSTILE) as pool:
        def run(part):
            for one in pool.map(lambda each: attack(suite, *each), part):
                played.update(one)
        run(plays[:tenth])
        early = resident(suite)
        run(plays[tenth:])
    return early, played


def test_hostile_clients_find_nothing_and_disturb_nobody(suite):
    with innocents(suite) as clients:
        early, played = play_all(suite)
        late = resident(suite)
    print(f"{played.total()} plays: " + ", ".join(f"{name} {count}" for name, count in sorted(played.items())))
    assert not [client.failure for client in clients if client.failure]
    promised = collections.Counter(content for client in clients for content in client.promised)
    print(f"{promised.total()} messages of innocent clients")
    assert min(len(client.promised) for client in clients) > 10

    maildir = suite.directory / "mail" / DOMAIN / "anna/Maildir/new"
    wait_for(lambda: len(list(maildir.iterdir())) >= promised.total(), HANGS, "delivery")
    assert collections.Counter(map(without_trace, fetch_all(suite, INNOCENT))) == promised

    grown = {f"{name} {pid}": size - early[pid][1] for pid, (name, size) in late.items() if pid in early}
    print(", ".join(f"{process} {octets / (1 << 20):+.1f} MiB" for process, octets in grown.items()))
    assert set(early) == set(late) == set(suite.pids())
    assert max(grown.values()) <= MAY_GROW, grown

    assert suite.mailbox("bob@mydomain.tld")  # hostile clients got as far as to a message
    for recipient in vectors.RECIPIENTS:
        assert not [content for content in suite.mailbox(recipient) if vectors.SMUGGLED in content]
    assert suite.stop() == 0
    assert not suite.sanitizer_reports()
    assert "worker_died" not in suite.log_text() and "daemon_died" not in suite.log_text()
