"""A server that offers CHUNKING and fails at every BDAT, or a firewall before it: the mail arrives by DATA, once, and
nobody is told of a failure. What the server may have taken goes again at the next attempt, not before (RFC 5321
section 6.1), and so does what it has answered with 421; what it cannot have taken, at once.

Each fault, in each way of sending, has a server and a domain of its own; all run at the same time. One that goes on
after its refusal has taken the octets for what they are, or each line of them for a command.
"""

import collections
import time

from faults import closes, hangs, replies, resets, then_hangs_up
from harness import Instance, wait_for
from peer import Peer

SENDER = "sender@example.test"
RETRY = 3  # seconds
# Lines of a message that goes with its envelope in one flight, in a chunk of its own, in several; and into a mail store.
LINES = {"flight": 10, "chunk": 4_000, "chunks": 100_000, "lmtp": 10}
REFUSALS = {
    "500": replies(b"500 5.5.2 what?\r\n"),
    "503": replies(b"503 5.5.1 bad sequence\r\n"),
    "554": replies(b"554 transaction failed\r\n"),
}
FAULTS = {
    "close": closes,
    "close-behind": closes,
    "reset": resets,
    "hang": hangs,
    "421": then_hangs_up(b"421 4.3.2 closing\r\n"),
    "500-each-line": replies(b"500 5.5.2 what?\r\n"),
    **REFUSALS,
}
READS_CONTENT = {"close-behind", *REFUSALS}
# Before there is a reply to MAIL; the flight is known by then.
EARLY = ("close", "reset", "hang", "421")
Case = collections.namedtuple("Case", "way fault early")


def cases():
    yield from (Case(way, fault, False) for way in LINES for fault in FAULTS)
    yield from (Case("flight", fault, True) for fault in EARLY)


class Breaking(Peer):
    def __init__(self, case):
        super().__init__()
        self.case = case
        self.lmtp = case.way == "lmtp"
        self.keywords = "CHUNKING"
        self.failures = []  # when it failed at BDAT
        self.envelopes = []  # when one came

    @property
    def recipient(self):
        return f"x@{'-'.join(self.case[:2])}{'-early' if self.case.early else ''}.test"

    @property
    def route_entry(self):
        return {"match": self.recipient.partition("@")[2], "via": self.route}

    @property
    def goes_again(self):
        """None: what lies in the buffers decides."""
        way, fault, _ = self.case
        if fault == "500-each-line" or fault in REFUSALS or (way == "chunks" and fault != "421"):
            return "at once"
        return "later" if way in ("flight", "lmtp") else None

    def _say(self, connection, command, argument, default):
        if command == "MAIL":
            self.envelopes.append(time.monotonic())
        return super()._say(connection, command, argument, default)

    def _converse(self, connection, file, secured=False):
        super()._converse(connection, Lines(file, lambda octets: self._fail(connection, file, octets), self.case.early),
                           secured)

    def _fail(self, connection, file, octets):
        self.failures.append(time.monotonic())
        if self.case.fault in READS_CONTENT:
            file.read(octets)
        FAULTS[self.case.fault](connection)


class Lines:
    """Of a connection's file; `fail` is called at each BDAT, or `early`: at the MAIL of its flight."""

    def __init__(self, file, fail, early):
        self._file, self._fail, self._early = file, fail, early
        self.read = file.read

    def readline(self):
        while (line := self._file.readline()).startswith(b"BDAT"):
            self._fail(int(line.split()[1]))
        if self._early and line.startswith(b"MAIL") and b"\r\nBDAT" in self._file.peek():
            self._fail(0)
        return line


def test_a_server_that_fails_at_each_bdat_gets_the_mail_by_data():
    servers = [Breaking(case) for case in cases() if case[:2] != ("lmtp", "554")]  # there it is a word on a recipient
    settings = {"queue": {"retry_interval": f"{RETRY}s", "retry_jitter": 0},
                "deliverd": {name: "1s" for name in ("command_timeout", "data_block_timeout", "data_end_timeout")},
                "route": [one.route_entry for one in servers]}
    with Instance(settings) as suite:
        suite.add_user(SENDER)
        for one in servers:
            one.__enter__()
        try:
            with suite.smtp() as client:
                for one in servers:
                    client.sendmail(SENDER, [one.recipient],
                                    "Subject: x\r\n\r\n" + "a line of the message\r\n" * LINES[one.case.way])
            wait_for(lambda: not suite.json("queue", "list")["messages"], 60, "an empty queue")
            time.sleep(RETRY)  # whatever would come twice comes now
            reports, deferred, learnt = suite.mailbox(SENDER), suite.events("deferred"), suite.events("chunking_failed")
        finally:
            for one in servers:
                one.__exit__()
    wrong = []
    for one in servers:
        if [message.recipients for message in one.messages] != [[one.recipient]]:
            wrong.append(f"{one.recipient}: {len(one.messages)} messages by DATA")
        if len(one.failures) != 1 or len(one.envelopes) > 2:
            wrong.append(f"{one.recipient}: {len(one.failures)} times by BDAT, {len(one.envelopes)} envelopes")
        waited = any(one.recipient in line for line in deferred)
        gap = one.envelopes[-1] - one.failures[0]
        if one.goes_again == "at once" and waited or one.goes_again == "later" and gap < RETRY * 0.9:
            wrong.append(f"{one.recipient}: {'deferred, ' if waited else ''}again after {gap:.1f} s")
    assert not wrong, "\n".join(wrong)
    assert not reports
    assert len(learnt) == len(servers)
