"""curl's own 135 cases of SMTP and POP3, played by the real curl against the real suite, built with the sanitizers.

A case tells, in curl's XML, the client's command and input, what a fake server says, and what curl
must say. Here the server is a real one, so the outcome counts: curl's exit status, what it printed,
and the message in the mailbox, byte for byte. The cases run as they are: the addresses they name
are mailboxes of ours.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess

import pytest
from harness import SANITIZED_BIN, Instance, needs_sanitized, wait_for, without_trace

FIXTURES = pathlib.Path(os.environ.get("FIXTURES_DIR", "../shared/fixtures"))
CASES = FIXTURES / "protocol" / "curl"
CURL = shutil.which("curl")
pytestmark = [pytest.mark.skipif(not CASES.is_dir() or CURL is None, reason=f"{CASES} or curl is not there"),
              needs_sanitized]

# Why, and which.
NOT_PLAYED = {
    "needs a program written with libcurl, which a case names and does not hold": {652, 1507, 1520},
    "goes through an HTTP proxy": {1319, 1320},
    "is about answers that only a broken server gives to STARTTLS, STLS or CAPA": {980, 982, 985},
    "is for a curl without IDN; 962 to 964 are the same for one with it": {959, 960, 961},
}

# Where the outcome is another than with the fake server: curl's exit status, which, and why.
DIFFERENT = [
    (0, {932, 933, 934, 948, 949}, "the MX listener offers no AUTH, and curl sends without (as case 940 says)"),
    (8, {954}, "curl sends without AUTH, but the input has a bare LF: refused, never repaired"),
    (8, {646}, "the attached file goes out with bare LFs: refused, never repaired"),
    (0, {926, 957, 958}, "VRFY is answered 252 whomever it is about (RFC 5321 section 7.3)"),
    (8, {927, 969}, "EXPN is not offered (RFC 5321 section 7.3)"),
    (0, {955}, "SMTPUTF8 is offered"),
    (0, {876, 877, 878, 891}, "pop3d gives no broken challenge: curl logs in"),
    (67, {892}, "nobody may act for another user"),
    (67, {870, 874, *range(883, 889)}, "pop3d offers neither OAuth nor EXTERNAL, and there is no password"),
]

PASSWORDS = {"user": "secret", "user.one": "secret", "user.two": "secret", "testuser": "testpass"}
RECIPIENTS = ["recipient", *(f"recipient.{number}" for number in ("one", "two", "three", "four", "five"))]
NO_SUCH_MESSAGE = {852, 855}
SIZE_LIMIT = 64 * 1024
STORED = b"From: me@somewhere\nTo: fake@nowhere\n\nbody\n\n--\n  yours sincerely\n"
STORED_NAME = "1.M1P1.host"


class Case:
    def __init__(self, path):
        self.number = int(path.name.removeprefix("test"))
        self.text = path.read_bytes().decode()
        self.server = self.section("server").decode().strip().partition("\n")[0]
        # A message of a POP3 case has the case's number; in our mailbox it is the first.
        first = self.server == "pop3" and self.number not in NO_SUCH_MESSAGE
        self.text = re.sub(r"%TESTNUMBER(00\d)?", "1" if first else str(self.number), self.text)
        self.command = self.section("command").decode()

    def __str__(self):
        return f"{self.number} {self.section('name').decode().strip()}"

    def section(self, name):
        """The octets of a part of the case, or None."""
        match = re.search(rf'<{name}( nonewline="yes")?( [^>]*)?>\n(.*?)</{name}>', self.text, re.S)
        return match and (match[3].removesuffix("\n") if match[1] else match[3]).encode()

    def exit_status(self):
        for status, numbers, _ in DIFFERENT:
            if self.number in numbers:
                return status
        return int(self.section("errorcode") or 0)

    def files(self):
        """The path and the octets of each file that the command names."""
        for match in re.finditer(r'<(file\d?) name="([^"]+)"[^>]*>\n(.*?)</\1>', self.text, re.S):
            content = match[3].encode()
            # The fake server announces a SIZE of 32; ours has the smallest limit there is.
            yield match[2], content * (SIZE_LIMIT // len(content) + 1) if self.number == 913 else content

    def recipients(self):
        return re.findall(r"--mail-rcpt (\S+)", self.command)

    def transfers(self):
        """How many messages the command sends."""
        return self.command.count(" -T ") or int(" -F " in self.command)

    def message(self):
        """What is to arrive, with LF line ends."""
        content = self.section("upload") or self.section("stdin") or b""
        content = re.sub(rb"(?m)^\.\r\n\Z", b"", content)
        return re.sub(rb"(?m)^\.\.", b".", content).replace(b"\r\n", b"\n")


def all_cases():
    paths = CASES.glob("test*") if CASES.is_dir() else []
    return sorted(map(Case, paths), key=lambda case: case.number)


def played(server):
    skipped = set().union(*NOT_PLAYED.values())
    return [pytest.param(case, id=str(case)) for case in all_cases()
            if case.server == server and case.number not in skipped]


@pytest.fixture(scope="module")
def suite():
    with Instance({"smtpd": {"message_size_limit": f"{SIZE_LIMIT}B"}, "bans": {"delay": "0s"},
                   "route": [{"match": "xn--4cab6c.se", "via": "hold:"}]}, programs=SANITIZED_BIN) as running:
        running.command("domain", "add", "example.com")
        for user, password in PASSWORDS.items():
            running.add_user(f"{user}@example.com", password)
        for user in RECIPIENTS:
            running.add_user(f"{user}@example.com")
        yield running
        assert running.stop() == 0
        assert not running.sanitizer_reports() and not running.events("worker_died")


def curl(suite, case, folder):
    """Runs the case's command in `folder`; the finished process."""
    (folder / "log").mkdir()
    for name, content in case.files():
        (folder / name).write_bytes(content)
    command = case.command.replace("%HOSTIP", "127.0.0.1")
    command = command.replace("%SMTPPORT", str(suite.smtp_port)).replace("%POP3PORT", str(suite.pop3_port))
    command = re.sub(r" -u ([a-z.]+)(:| )", r" -u \1@example.com\2", command)
    return subprocess.run(
        [CURL, "-q", "--silent", "--show-error", "--noproxy", "*", "--max-time", "60", *shlex.split(command)],
        cwd=folder, input=case.section("stdin") or b"", capture_output=True, timeout=120,
        env=dict(os.environ, LC_ALL="C.UTF-8"))


def accepted(suite):
    return suite.json("status")["counters"]["postrider_smtp_messages_accepted_total"]


def without_boundaries(message):
    """As the cases have it: dashes alone."""
    return re.sub(rb"-{24}[0-9a-f]{16}", b"-" * 28, message)


@pytest.mark.parametrize("case", played("smtp"))
def test_smtp(suite, case, tmp_path):
    maildirs = [suite.directory / f"mail/example.com/{user}/Maildir/new" for user in RECIPIENTS]
    for maildir in maildirs:
        for file in maildir.glob("*"):
            file.unlink()
    before = accepted(suite)
    done = curl(suite, case, tmp_path)
    assert done.returncode == case.exit_status(), done.stderr
    sent = case.transfers() if done.returncode == 0 else 0
    assert accepted(suite) - before == sent
    if sent:
        for recipient in case.recipients():
            check_arrival(suite, recipient, [case.message()] * sent)
    elif done.returncode == 0 and "-I" not in case.command:
        assert done.stdout.startswith(b"252 2.5.2 " if "--mail-rcpt" in case.command else b"214-2.0.0 ")
    else:
        assert not done.stdout


def check_arrival(suite, recipient, messages):
    user, _, domain = recipient.partition("@")
    if domain == "åäö.se":
        [held] = wait_for(lambda: suite.json("queue", "list", "--state", "held")["messages"])
        assert [to["address"] for to in held["recipients"]] == [f"{user}@xn--4cab6c.se"]
        suite.command("queue", "delete", held["id"])
    elif domain == "example.com" and user in RECIPIENTS:
        wait_for(lambda: len(suite.mailbox(recipient)) >= len(messages), what=f"mail for {recipient}")
        assert [without_boundaries(without_trace(m)) for m in suite.mailbox(recipient)] == messages
    else:
        assert domain == ""  # what --mail-rcpt-allowfails lets pass


@pytest.mark.parametrize("case", played("pop3"))
def test_pop3(suite, case, tmp_path):
    sent = case.section("datacheck") or case.section("data")
    stored = sent.replace(b"\r\n", b"\n") if sent and case.number not in (853, 861, 862) else STORED
    wire = stored.replace(b"\n", b"\r\n")
    printed = {
        851: b"", 1407: b"",  # LIST 1 is answered in one line, which curl keeps to itself
        853: b"1 %d\r\n" % len(wire),
        854: b"\r\n",  # of an empty list curl prints the CRLF before its dot
        858: b"", 859: b"", 860: b"", 863: b"",
        861: b"1 %s\r\n" % STORED_NAME.encode(),
        862: b"From: me@somewhere\r\nTo: fake@nowhere\r\n\r\n",
        882: wire * 2,
    }
    for user in PASSWORDS:
        fill(suite.directory / f"mail/example.com/{user}/Maildir", [] if case.number == 854 else [stored])
    done = curl(suite, case, tmp_path)
    assert done.returncode == case.exit_status(), done.stderr
    assert done.stdout == (printed.get(case.number, wire) if done.returncode == 0 else b"")
    left = 0 if case.number in (854, 858) else 1
    assert len(suite.mailbox("user@example.com")) == left


def fill(maildir, messages):
    for name in ("tmp", "new", "cur"):
        folder = maildir / name
        folder.mkdir(parents=True, exist_ok=True)
        for file in folder.iterdir():
            file.unlink()
    for message in messages:
        (maildir / "new" / STORED_NAME).write_bytes(message)


def test_every_case_is_played_or_says_why_not():
    numbers = [case.number for case in all_cases()]
    assert len(numbers) == 135
    assert len(played("smtp")) + len(played("pop3")) + sum(map(len, NOT_PLAYED.values())) == 135
    skipped = set().union(*NOT_PLAYED.values())
    different = [number for _, group, _ in DIFFERENT for number in group]
    assert len(different) == len(set(different))
    assert skipped <= set(numbers) and set(different) <= set(numbers) - skipped
