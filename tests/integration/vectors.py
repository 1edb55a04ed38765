"""Peers' vectors in FIXTURES_DIR as clients play them: what is sent, segment by segment.

Here are the sets that a server hears; the SOURCE.md of each tells its format. What a reply has to be is the
business of the unit tests that play the same sets; curl's cases are played by curl itself (test_curl_cases.py).
"""

import ast
import collections
import json
import os
import pathlib
import random
import re
import ssl
import xml.etree.ElementTree

FIXTURES = pathlib.Path(os.environ.get("FIXTURES_DIR", "../shared/fixtures"))
PROTOCOL = FIXTURES / "protocol"
# What plays log in as, and send to: accounts that the suite has to have.
USER, PASSWORD = "user@testserver", "secretpassword"
RECIPIENTS = ["u@local.example", "bob@mydomain.tld", "starttls@mydomain.tld"]
SMUGGLED = b"smuggled"  # stands in each message that a vector hides in another
ENVELOPE = b"EHLO t.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<u@local.example>\r\n"
MIB = 1 << 20

# `protocol` is what the listener has to speak: "smtp", "pop3", or "tls" for what is sent in the place of a handshake.
Play = collections.namedtuple("Play", "set name protocol segments")


def read_json(*path):
    return json.loads(FIXTURES.joinpath(*path).read_text())


def line(text):
    return text.encode() + b"\r\n"


# ---- Dialogues ----


def inbucket():
    for number, session in enumerate(read_json("protocol/inbucket/smtp-sessions.json")["sessions"]):
        yield Play("inbucket", f"{session['test']} {number}", "smtp",
                   [line(step["send"]) for step in session["steps"]])


def james():
    for path in sorted((PROTOCOL / "james-mpt-smtp").glob("*.test")):
        said = re.findall(r"(?m)^C: ?(.*)$", path.read_text())
        yield Play("james", path.stem, "smtp", [line(text.replace(r"\r\n", "\r\n")) for text in said])


def chasquid_dialogues():
    for path in sorted((PROTOCOL / "chasquid").glob("t-*/*.cmy")):
        for number, connection in enumerate(re.split(r"(?m)^c t\w+_connect .*$", path.read_text())[1:]):
            segments = []
            for way, text in re.findall(r"(?m)^c (->|~>) ?(.*)$", connection):
                # A path has angle brackets, else the dialogue ends there. Behind ~> stands a Python expression.
                text = text.replace("TO: user@testserver", "TO:<user@testserver>")
                segments.append(line(text) if way == "->" else eval(text, {"__builtins__": {}}).encode())
            yield Play("chasquid", f"{path.stem} {number}", "smtp", segments)


def chasquid_seeds():
    """Seeds of its fuzzers that a server may hear: whole connections, responses of AUTH, names and domains."""
    ways = {"FuzzConnection": lambda seed: seed.replace(b"\n", b"\r\n"),
            "FuzzDecodeResponse": lambda seed: b"EHLO a\r\nAUTH PLAIN " + seed + b"\r\n",
            "FuzzAddr": address_commands, "FuzzUser": lambda seed: address_commands(seed + b"@local.example"),
            "FuzzDomain": lambda seed: address_commands(b"a@" + seed),
            "FuzzDomainToUnicode": lambda seed: address_commands(b"a@" + seed)}
    for path in sorted((PROTOCOL / "chasquid" / "fuzz-corpora").rglob("Fuzz*/*")):
        if path.parent.name in ways:
            [literal] = re.findall(rb'(?m)^(?:\[\]byte|string)\("(.*)"\)$', path.read_bytes())
            seed = literal.decode("unicode_escape").encode("latin-1")
            yield Play("chasquid seeds", f"{path.parent.name} {path.name[:8]}", "smtp",
                       (ways[path.parent.name](seed)).splitlines(keepends=True))


def pop3_peers():
    login = [b"USER %s\r\n" % USER.encode(), b"PASS %s\r\n" % PASSWORD.encode()]
    for number, session in enumerate(read_json("protocol/pop3-peers/sessions.json")["sessions"]):
        segments = []
        for step in session["steps"]:
            if "<tls handshake>" in step["send"]:
                break
            if step["send"].endswith("login>"):
                segments += login
            else:
                segments.append(b"PASS \x81\r\n" if "0x81" in step["send"] else line(step["send"]))
        yield Play("pop3-peers", f"{session['test']} {number}", "pop3", segments)


# ---- What is hidden in something else ----


def endings():
    """All that some server took for the end of a message."""
    cases = read_json("protocol/smtp-smuggling/cases.json")
    named = cases["hannob_end_of_data_variants"]
    listed = [text for name, text in named.items() if name != "pipelining"]
    for name in ("the_login_inbound_eod", "the_login_outbound_eod", "mox_must_5xx"):
        listed += cases[name]
    return [text.encode("latin-1") for text in sorted(set(listed))]


def smuggling():
    for ending in endings():
        message = b"Subject: x\r\n\r\nbody" + ending
        hidden = b"MAIL FROM:<evil@b.example>\r\nRCPT TO:<u@local.example>\r\nDATA\r\n" + SMUGGLED
        yield Play("smtp-smuggling", repr(ending), "smtp",
                   [ENVELOPE + b"DATA\r\n", message, hidden + b"\r\n.\r\n", b"QUIT\r\n"])


def injections():
    """(protocol, segments in the clear, what to send under TLS): of the cases that a server hears."""
    for case in read_json("protocol/starttls-injection/cases.json")["cases"]:
        if "plaintext_segments" in case:
            segments = [text.encode("latin-1") for text in case["plaintext_segments"]]
            yield case["protocol"].partition("/")[0], segments, case.get("then_send", "NOOP\r\n").encode()


def starttls_injection():
    for number, (protocol, segments, _) in enumerate(injections()):
        yield Play("starttls-injection", str(number), "pop3" if protocol == "pop3" else "smtp", segments)


# ---- Addresses ----


def isemail():
    for name in ("tests.xml", "tests-original.xml"):
        for address in xml.etree.ElementTree.parse(FIXTURES / "address" / "isemail" / name).iter("address"):
            # A symbol of Unicode stands for the control character that XML cannot hold.
            yield re.sub("[\u2400-\u241f]", lambda match: chr(ord(match[0]) - 0x2400), address.text or "")


def mox():
    for row in read_json("address/mox/table-cases.json")["files"]["smtp/address_test.go"]:
        yield row["args"][0] + ("@example.test" if row["test"] == "TestParseLocalpart" else "")


def egulias():
    for rows in read_json("address/egulias/rfc-validation.json")["providers"].values():
        for row in rows:
            literal = row["php_literal"]
            if literal.startswith('"'):
                yield ast.literal_eval(literal.replace("\r", r"\r").replace("\n", r"\n"))
            else:
                yield re.sub(r"\\(['\\])", r"\1", literal[1:-1])


def address_commands(address):
    """As the sender and as a recipient, with SMTPUTF8 and without."""
    return b"".join((b"EHLO t.example\r\nMAIL FROM:<%s>\r\nRSET\r\nMAIL FROM:<%s> SMTPUTF8\r\n" % (address, address),
                     b"RSET\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<%s>\r\nVRFY %s\r\nRSET\r\n" % (address, address)))


def addresses():
    for set_name, texts in {"isemail": isemail(), "mox": mox(), "egulias": egulias()}.items():
        for text in texts:
            commands = address_commands(text.encode("utf-8", "surrogateescape"))
            yield Play(set_name, text, "smtp", commands.splitlines(keepends=True))


# ---- Inputs of public advisories ----


def client_hello(name):
    """What a client sends first that asks for the host `name`, octets that need not be a name."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    stand_in = (("n" * 50 + ".") * 5)[:len(name)]
    client = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname=stand_in)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read().replace(stand_in.encode(), name)


def message(header, body=b"body\r\n"):
    return [ENVELOPE + b"DATA\r\n", header + b"\r\n" + body, b".\r\n"]


def auth(text):
    return [b"EHLO a\r\n", b"AUTH PLAIN\r\n", text + b"\r\n"]


def in_prose():
    """What cases say in prose alone: the protocol, and what is sent for it, several ways where it names several."""
    return {
        "CVE-2015-7611": [("smtp", [ENVELOPE, b"RCPT TO:<%s@local.example>\r\n" % name]) for name in (
            b"../../../../../../../../etc/cron.d", b"a/b", b".", b"..", b"a\0b", b"%2e%2e%2f", b"x" * 300)] + [
                ("pop3", [b"USER ../../../../etc/passwd\r\n", b"PASS x\r\n"])],
        "GHSA-5835-4gvc-32pc": [("smtp", auth(b"ACopKHVpZD0qKSkofCh1aWQ9KgB4")),
                                ("pop3", [b"USER *)(uid=*))(|(uid=*\r\n", b"PASS x\r\n"])],
        "CVE-2026-24031 / CVE-2026-27860": [("pop3", [b"USER a' OR '1'='1\r\n", b"PASS x\r\n"]),
                                            ("pop3", [b"USER a*)(|(x=\r\n", b"PASS x\r\n"])],
        "LOG-INJ": [("smtp", [b"EHLO a\x1b[2J\tb\r\n", b"EHLO a\r\n", b'MAIL FROM:<"\x07"@x>\r\n']),
                    ("pop3", [b"USER a\nb\r\n"])],
        "CVE-2005-1513": [("smtp", [b"A" * (8 * MIB)]), ("smtp", message(b"Subject: " + b"A" * (8 * MIB) + b"\r\n"))],
        "CVE-2005-1514": [("smtp", [b"EHLO " + b"A" * (4 * MIB)]), ("pop3", [b"USER " + b"A" * (4 * MIB)])],
        "CVE-2005-1515": [("smtp", [ENVELOPE, *[b"RCPT TO:<u@local.example>\r\n" * 500] * 6])],
        "CVE-2026-45185 (Dead.Letter)": [("smtp", [ENVELOPE + b"BDAT 100\r\n0123456789"])],
        "CVE-2020-12674 / 12673, CVE-2023-42114..6, CVE-2026-40687": [
            ("smtp", [b"EHLO a\r\n", b"AUTH NTLM TlRMTVNTUAADAAAA/////////38=\r\n", b"TlRMTVNTUAADAAAA/////w==\r\n"])],
        "RECEIVED-LOOP": [("smtp", message(b"Received: by loop.example\r\n" * 101))],
        "CVE-2020-3811 / 3812": [("smtp", [ENVELOPE, b"RCPT TO:<root/.qmail-x@local.example>\r\n"])],
        "POP3-XTND": [("pop3", [b"XTND " + b"x" * (64 << 10) + b"\r\n"]), ("pop3", [b"NO\0OP\r\nCAPA\r\n"])],
        "CVE-2002-1337": [("smtp", message(b"From: " + b"<>" * 2000 + b"(" * 2000 + b"\r\n"))],
        "CVE-2019-19722": [("smtp", message(b"From: undisclosed-recipients:;\r\nFrom:\r\nTo: g: ;\r\n"))],
        "CVE-2024-23184": [("smtp", message(b"To: a@b.example\r\n" * 100_000))],
        "CVE-2024-23185": [("smtp", message(b"X: " + b"x" * (60 * MIB) + b"\r\n")),
                           ("smtp", message(b"X:\r\n" + b" x\r\n" * (2 * MIB)))],
        "CVE-2026-27859": [("smtp", message(b"Content-Type: text/plain" + b"".join(
            b";\r\n a*%d=x" % number for number in range(100_000)) + b"\r\n"))],
        "CVE-2020-12100": [("smtp", message(b"", b"".join(
            b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (depth, depth)
            for depth in range(10_000))))],
        "DOUBLE-HDR": [("smtp", message(b"Content-Type: a/b\r\nContent-Type: c/d\r\nno colon\r\nX : y\r\nN: \0\r\n")),
                       ("smtp", message(b"\r\n"))],
        "CVE-2024-39929": [("smtp", message(
            b'Content-Disposition: attachment; filename*0="a.e";\r\n filename*1="xe"\r\n'))],
        "CVE-2017-15130": [("tls", [client_hello(random.Random(number).randbytes(12).hex().encode())])
                           for number in range(50)],
        "CVE-2019-15846": [("tls", [client_hello(name)]) for name in (
            b"aa\\", b"a\0evil.example", b"\xc3\xbc\xff\xfe", b"-" * 200, b"." * 60)],
    }


def bad_inputs():
    prose = in_prose()
    for case in read_json("bad-inputs/cases.json")["cases"]:
        heard = re.search(r"smtp-in|auth|log|imap", case["surface"])
        if case["steps"] is None:
            for number, (protocol, segments) in enumerate(prose.get(case["id"], [])):
                yield Play("bad-inputs", f"{case['id']} {number}", protocol, segments)
            continue
        steps = [step.encode("latin-1") for step in case["steps"]]
        for protocol in ["smtp"] * bool(heard) + ["pop3", "tls"]:
            yield Play("bad-inputs", case["id"], protocol, steps)


def all_plays():
    return [*inbucket(), *james(), *chasquid_dialogues(), *chasquid_seeds(), *pop3_peers(), *smuggling(),
            *starttls_injection(), *addresses(), *bad_inputs()]
