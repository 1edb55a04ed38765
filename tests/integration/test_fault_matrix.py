"""A server that goes wrong in each way at each step of the dialogue: what was a temporary fault never ends mail,
nothing is lost, nothing comes twice, and the next attempt comes when it was planned. In a mail store each recipient
has an outcome of its own.

Each pair of fault and step has a server and a domain of its own; all run at the same time. A server goes wrong once,
then serves."""

import collections
import time

from faults import Hangup, closes, closes_one_half, floods, hangs, replies, resets, then_hangs_up
from harness import Instance, wait_for
from peer import Peer

SENDER = "sender@example.test"
# By what the server speaks: a message by DATA, one that goes with its envelope by BDAT or in chunks, a mail store.
STEPS = {"data": ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "CONTENT", "END"), "bdat": ("MAIL", "RCPT", "END"),
         "chunks": ("CHUNK", "END"), "lmtp": ("CONNECT", "RCPT", "END"), "lmtp-bdat": ("END",)}
RETRY = 3  # seconds

TEMPORARY = {
    "reset": resets,
    "close": closes,
    "half-closed": closes_one_half,
    "hang": hangs,
    "421": then_hangs_up(b"421 4.3.2 closing\r\n"),
    "4xx": replies(b"451 4.3.0 come back later\r\n"),
    "4xx-many-lines": replies(b"451-4.3.0 come\r\n451-4.3.0 back\r\n451 4.3.0 later\r\n"),
    "garbage": replies(b"\x00\xff\x7f what?\r\n"),
    "no-code": replies(b"ok, go on\r\n"),
    "code-alone-ends": then_hangs_up(b"25"),
    "codes-differ": replies(b"250-one\r\n354 two\r\n"),
    "endless-line": floods(b"250-" + b"a" * 65532),
    "endless-reply": floods(b"250-more\r\n" * 1000),
}
# CVE-2020-8794 among them: each of these is a refusal, however odd.
PERMANENT = {
    "5xx": b"554 5.3.0 never\r\n",
    "5xx-bare-lines": b"553-\r\n553\r\n",
    "5xx-code-alone": b"553\r\n",
    "5xx-nul": b"553 5.3.0 no\x00body\r\n",
    "5xx-control": b"553 5.3.0 \x1b[2Jred\x07\r\n",
}
Case = collections.namedtuple("Case", "way step fault temporary")
# Whom the fault is for, and in a mail store one before, who is served, and one behind, who is refused.
X, SERVED, REFUSED = "x", "served", "refused"
LINE = "a line of the message " * 40 + "\r\n"  # long: all servers share one Python, and are to take a message in a second
# Lines of its message; of one that is interrupted more than the sockets' buffers hold, so that the fault comes in between.
LINES = {"CONTENT": 5_000, "CHUNK": 2_500}


class Faulty(Peer):
    """Goes wrong at one step, once."""

    def __init__(self, case):
        super().__init__()
        self.case = case
        self.lmtp = case.way.startswith("lmtp")
        self.keywords = "CHUNKING" if case.way in ("bdat", "chunks", "lmtp-bdat") else ""
        self.attempts = []  # when it was asked to take mail, or was connected to
        self.went_wrong = None  # when
        self._fault = TEMPORARY[case.fault] if case.temporary else replies(PERMANENT[case.fault])

    @property
    def domain(self):
        return f"{self.case.way}-{self.case.step}-{self.case.fault}.test".lower()

    @property
    def recipients(self):
        return [f"{name}@{self.domain}" for name in ((SERVED, X, REFUSED) if self.lmtp else (X,))]

    def ends_mail_of(self, name):
        """A refusal; but one of EHLO is answered with HELO (RFC 5321 section 3.2)."""
        refusal = not self.case.temporary and self.case.step != "EHLO"
        return name == REFUSED or (refusal and (name == X or self.case.step == "CONNECT"))

    @property
    def goes_again_at_once(self):
        """By HELO; or by DATA, as without the chunk the message cannot have been taken; or for those alone whom a mail
        store has not refused."""
        _, step, fault, temporary = self.case
        return ((step == "EHLO" and not temporary) or
                (step == "CHUNK" and fault not in ("421", "4xx", "4xx-many-lines")) or
                (step == "RCPT" and self.lmtp and fault.startswith(("4xx", "5xx"))))

    @property
    def lines(self):
        return LINES.get(self.case.step, 2_500 if self.case.way == "chunks" else 10)

    def _say(self, connection, command, argument, default):
        if command in ("CONNECT", "MAIL"):
            self.attempts.append(time.monotonic())
        content = self.case.step == "CONTENT" and command == "DATA"
        mine = command not in ("RCPT", "END") or f"{X}@" in argument
        if self.went_wrong or not (content or (command == self.case.step and mine)):
            if command == "END" and argument.startswith(REFUSED):
                default = "552 5.2.2 full"
            return super()._say(connection, command, argument, default)
        if content:
            super()._say(connection, command, argument, default)
            time.sleep(0.2)
        self.went_wrong = time.monotonic()
        try:
            self._fault(connection)
        except Hangup:
            return ""
        return "said"

    def next_attempt(self):
        """How long after it went wrong it was asked again; None: never, or what went wrong did not hinder it."""
        if self.went_wrong is None:
            return None
        return next((when - self.went_wrong for when in self.attempts if when > self.went_wrong), None)


def cases():
    for way, steps in STEPS.items():
        for step in steps:
            for fault in TEMPORARY:
                yield Case(way, step, fault, True)
            for fault in PERMANENT:
                yield Case(way, step, fault, False)


def test_each_fault_at_each_step():
    servers = [Faulty(case) for case in cases()]
    settings = {"queue": {"retry_interval": f"{RETRY}s", "retry_jitter": 0},
                "deliverd": {name: "1s" for name in ("greeting_timeout", "command_timeout", "data_block_timeout",
                                                     "data_end_timeout", "connect_timeout")},
                "route": [{"match": one.domain, "via": one.route} for one in servers]}
    with Instance(settings) as suite:
        suite.add_user(SENDER)
        for one in servers:
            one.__enter__()
        try:
            with suite.smtp() as client:
                for one in servers:
                    client.sendmail(SENDER, one.recipients,
                                    f"Subject: {one.domain}\r\n\r\n" + LINE * one.lines)
            wait_for(lambda: not suite.json("queue", "list")["messages"], 60, "an empty queue")
            time.sleep(RETRY)  # whatever would come twice comes now
            reports = suite.mailbox(SENDER)
            log = suite.log_text()
        finally:
            for one in servers:
                one.__exit__()
    wrong = []
    for one in servers:
        if one.went_wrong is None:
            wrong.append(f"{one.domain}: did not go wrong")
        for recipient in one.recipients:
            ends = one.ends_mail_of(recipient.partition("@")[0])
            taken = sum(recipient in message.recipients for message in one.messages)
            told = sum(recipient.encode() in report for report in reports)
            if taken != (0 if ends else 1):
                wrong.append(f"{recipient}: taken {taken} times")
            if told != (1 if ends else 0):
                wrong.append(f"{recipient}: the sender was told {told} times")
        after = one.next_attempt()
        if after is not None and not one.goes_again_at_once and after < RETRY * 0.9:
            wrong.append(f"{one.domain}: tried again after {after:.1f} s")
    assert not wrong, "\n".join(wrong)
    shown = log.encode() + b"".join(reports)
    assert b"\x1b" not in shown and b"\x00" not in shown
