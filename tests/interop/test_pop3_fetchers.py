"""Programs that fetch mail for people, against a real pop3d: each takes all that is there, leaves it and knows it
again, and takes it away when told to; in the clear, by STLS and on the port of implicit TLS."""

import mailbox
import os
import pty
import select
import subprocess
import time

import pytest
from certificates import authority, issue
from clients import run
from harness import DOMAIN, PEERS, Instance, peer

PASSWORD = "correct horse"
MESSAGES = [
    b"From: a@example.test\nTo: ann@example.test\nSubject: one\nMessage-ID: <1@example.test>\n\nhello\n",
    b"From: b@example.test\nTo: ann@example.test\nSubject: dots\nMessage-ID: <2@example.test>\n\n.\n..\n.x\nend\n",
    b"From: c@example.test\nTo: ann@example.test\nSubject: large\nMessage-ID: <3@example.test>\n\n"
    + (b"0123456789" * 7 + b"\n") * 20_000,
]
SUBJECTS = [b"one", b"dots", b"large"]
PORTS = {"none": 110, "starttls": 110, "implicit": 995}
securities = pytest.mark.parametrize("security", PORTS)


@pytest.fixture(scope="module")
def suite():
    """Clients know it as localhost, and verify that by `authority`."""
    with Instance(start=False) as instance:
        tls = instance.directory / "tls"
        instance.authority = authority(tls)
        issue(tls, "localhost", tls / "certificate.pem", tls / "key.pem")
        instance.start()
        yield instance


@pytest.fixture
def user(suite, recipient):
    """A mailbox with MESSAGES, and the password PASSWORD."""
    suite.command("user", "passwd", recipient, "--password-stdin", input=PASSWORD)
    maildir = suite.directory / "mail" / DOMAIN / recipient.split("@")[0] / "Maildir"
    for folder in ("tmp", "new", "cur"):
        (maildir / folder).mkdir(parents=True)
    for number, text in enumerate(MESSAGES, 1):
        (maildir / "new" / f"{number}.M{number}.host").write_bytes(text)
    return recipient


def left(suite, user):
    return len(suite.mailbox(user))


def subject(message):
    return next(line[9:].strip() for line in message.splitlines() if line.lower().startswith(b"subject: "))


def body(message):
    return message.replace(b"\r\n", b"\n").split(b"\n\n", 1)[1]


def check_whole(fetched):
    """All MESSAGES, once each, with the octets of their bodies; the programs add fields of their own."""
    assert sorted(map(subject, fetched)) == sorted(SUBJECTS)
    for message in fetched:
        original = MESSAGES[SUBJECTS.index(subject(message))]
        assert body(message).rstrip(b"\n") == body(original).rstrip(b"\n")


class Fetchmail:
    program = peer("fetchmail") or str(PEERS / "usr/bin/fetchmail")

    def __init__(self, suite, user, security, folder):
        self.folder, self.suite, self.user, self.security = folder, suite, user, security
        self.received = folder / "received"
        self.received.mkdir()

    def fetch(self, delete):
        tls = {"none": "sslproto ''", "starttls": "sslproto 'TLS1.2+' sslcertck", "implicit": "ssl sslcertck"}
        config = self.folder / "fetchmailrc"
        config.write_text(f"""
set idfile "{self.folder}/ids"
poll localhost service {self.suite.port_base + PORTS[self.security]} protocol POP3 auth password uidl
  user "{self.user}" password "{PASSWORD}" {"nokeep" if delete else "keep"} {tls[self.security]}
  sslcertfile "{self.suite.authority}"
  mda "/bin/sh -c 'cat > {self.received}/$(mktemp -u XXXXXXXX)'"
""")
        config.chmod(0o700)
        done = run(self.program, "--fetchmailrc", config, "--pidfile", self.folder / "pid", "--nosyslog")
        assert done.returncode in (0, 1), done  # 1: no new mail
        return [path.read_bytes() for path in self.received.iterdir()]


class Getmail:
    program = str(PEERS / "usr/bin/getmail")

    def __init__(self, suite, user, security, folder):
        self.folder, self.suite, self.user, self.security = folder, suite, user, security
        self.received = folder / "received"
        self.received.mkdir()

    def fetch(self, delete):
        kind = "SimplePOP3SSLRetriever" if self.security == "implicit" else "SimplePOP3Retriever"
        tls = {"none": "", "starttls": f"use_stls = true\nca_certs = {self.suite.authority}",
               "implicit": f"ca_certs = {self.suite.authority}"}
        (self.folder / "rc").write_text(f"""
[retriever]
type = {kind}
server = localhost
port = {self.suite.port_base + PORTS[self.security]}
username = {self.user}
password = {PASSWORD}
{tls[self.security]}
[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "cat > {self.received}/$(mktemp -u XXXXXXXX)")
allow_root_commands = true
[options]
read_all = false
delete = {str(delete).lower()}
""")
        environment = dict(os.environ, PYTHONPATH=str(PEERS / "usr/lib/python3/dist-packages"))
        done = subprocess.run(["/usr/bin/python3", self.program, f"--getmaildir={self.folder}", "--rcfile=rc"], env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        assert done.returncode == 0, done
        return [path.read_bytes() for path in self.received.iterdir()]


class Mpop:
    program = peer("mpop") or "mpop"

    def __init__(self, suite, user, security, folder):
        self.folder, self.suite, self.user, self.security = folder, suite, user, security
        for name in ("tmp", "new", "cur"):
            (folder / "received" / name).mkdir(parents=True)

    def fetch(self, delete):
        tls = {"none": "tls off", "starttls": "tls on\ntls_starttls on", "implicit": "tls on\ntls_starttls off"}
        config = self.folder / "mpoprc"
        config.write_text(f"""
account default
host localhost
port {self.suite.port_base + PORTS[self.security]}
user {self.user}
password "{PASSWORD}"
auth user
{tls[self.security]}
{f"tls_trust_file {self.suite.authority}" if self.security != "none" else ""}
keep {"off" if delete else "on"}
received_header off
uidls_file {self.folder}/uidls
delivery maildir {self.folder}/received
""")
        config.chmod(0o600)
        done = run(self.program, f"--file={config}")
        assert done.returncode == 0, done
        return [path.read_bytes() for path in (self.folder / "received" / "new").iterdir()]


class Mutt:
    program = peer("mutt") or "mutt"

    def __init__(self, suite, user, security, folder):
        self.folder, self.suite, self.user, self.security = folder, suite, user, security

    def fetch(self, delete):
        scheme = "pops" if self.security == "implicit" else "pop"
        (self.folder / "muttrc").write_text(f"""
set spoolfile="{self.folder}/received" mbox_type=mbox folder="{self.folder}" move=no confirmappend=no
set header_cache="" message_cachedir="" certificate_file="" ssl_ca_certificates_file="{self.suite.authority}"
set pop_host="{scheme}://localhost:{self.suite.port_base + PORTS[self.security]}"
set pop_user="{self.user}" pop_pass="{PASSWORD}" pop_delete={"yes" if delete else "no"} pop_last=yes
set ssl_starttls={"no" if self.security == "none" else "yes"} ssl_force_tls={"no" if self.security == "none" else "yes"}
set pop_authenticators="user"
push "<fetch-mail><refresh><exit>"
""")
        (self.folder / "received").touch()
        in_a_terminal([self.program, "-n", "-F", self.folder / "muttrc"])
        box = mailbox.mbox(self.folder / "received", create=False)
        return [message.as_bytes() for message in box]


def in_a_terminal(command, seconds=60):
    """Runs a program that wants a terminal until it ends."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm", HOME="/nonexistent")
        os.execvp(command[0], list(map(str, command)))
    shown, deadline = b"", time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            octets = os.read(terminal, 65536)
        except OSError:  # it has ended
            octets = b""
        if not octets:
            break
        shown += octets
    else:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        raise AssertionError(f"{command[0]} did not end: {shown[-2000:]}")
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert status == 0, shown[-2000:]


FETCHERS = [Fetchmail, Getmail, Mpop, Mutt]


def installed(fetcher):
    return pytest.param(fetcher, id=fetcher.__name__.lower(), marks=pytest.mark.skipif(
        peer(os.path.basename(fetcher.program)) is None and not os.path.exists(fetcher.program),
        reason=f"{fetcher.program} is not there"))


fetchers = pytest.mark.parametrize("fetcher", [installed(fetcher) for fetcher in FETCHERS])


@securities
@fetchers
def test_it_fetches_all_and_leaves_it(suite, user, tmp_path, fetcher, security):
    client = fetcher(suite, user, security, tmp_path)
    check_whole(client.fetch(delete=False))
    assert left(suite, user) == len(MESSAGES)


@fetchers
def test_it_knows_again_what_it_has_fetched(suite, user, tmp_path, fetcher):
    """By UIDL, over sessions and a restart of the server."""
    client = fetcher(suite, user, "none", tmp_path)
    check_whole(client.fetch(delete=False))
    suite.restart()
    if fetcher is Mutt:  # which goes by the LAST that no server has any more
        return
    check_whole(client.fetch(delete=False))


@securities
@fetchers
def test_it_fetches_all_and_takes_it_away(suite, user, tmp_path, fetcher, security):
    client = fetcher(suite, user, security, tmp_path)
    check_whole(client.fetch(delete=True))
    assert left(suite, user) == 0
