"""Real POP3 clients against a real pop3d: curl, mpop and Python's poplib fetch what was put into a
Maildir, and a mailbox keeps what nobody deleted by QUIT."""

import os
import poplib
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from certificates import self_signed, unverified

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("POSTRIDER_BIN", ROOT / "build" / "bin"))
USER, PASSWORD = "ann@example.test", "correct horse"
MESSAGES = [
    b"From: a@example.test\nSubject: one\n\nhello\n",
    b"From: b@example.test\nSubject: dots\n\n.\n..\n.x\nend\n",
    b"From: c@example.test\nSubject: large\n\n" + b"0123456789" * 7 + b"\n" * 20_000,
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, timeout=60, **options)


class Instance:
    """A directory with one user, and a pop3d that serves it."""

    def __init__(self, root):
        self.root = root
        self.port, self.secure_port = free_port(), free_port()
        for name in ("spool", "mail", "data", "run"):
            (root / name).mkdir()
        certificate, key = self_signed(root, "mx.example.test")
        self.config = root / "postrider.toml"
        self.config.write_text(f"""
hostname = "mx.example.test"
[paths]
spool = "{root}/spool"
mail = "{root}/mail"
data = "{root}/data"
run = "{root}/run"
[tls]
certificate = "{certificate}"
key = "{key}"
[pop3d]
listen = [{{ address = "127.0.0.1:{self.port}", tls = "starttls" }},
          {{ address = "127.0.0.1:{self.secure_port}", tls = "implicit" }}]
workers = 2
[bans]
delay = "0s"
""")
        self.command("domain", "add", "example.test")
        self.command("user", "add", USER)
        self.command("user", "passwd", USER, "--password-stdin", input=PASSWORD.encode())
        self.log = (root / "pop3d.log").open("wb")
        self.process = subprocess.Popen(
            [BIN / "pop3d", "--config", self.config], stderr=self.log)
        self.wait_until_ready()

    def command(self, *arguments, **options):
        run(BIN / "postrider", "--config", self.config, *arguments, **options)

    def wait_until_ready(self):
        for _ in range(600):
            assert self.process.poll() is None, "pop3d ended: " + self.log_text()
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("pop3d does not listen")

    @property
    def maildir(self):
        return self.root / "mail" / "example.test" / "ann" / "Maildir"

    def put(self, messages=MESSAGES):
        for folder in ("tmp", "new", "cur"):
            (self.maildir / folder).mkdir(parents=True, exist_ok=True)
        for number, text in enumerate(messages, 1):
            (self.maildir / "new" / f"{number}.M{number}.host").write_bytes(text)

    def left(self):
        return len(list((self.maildir / "new").iterdir()))

    def log_text(self):
        return (self.root / "pop3d.log").read_text()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(20)
        self.log.close()
        return status


@pytest.fixture
def instance(tmp_path):
    for program in ("pop3d", "postrider"):
        if not (BIN / program).exists():
            pytest.skip(f"{BIN / program} is not built")
    made = Instance(tmp_path)
    made.put()
    yield made
    assert made.stop() == 0
    assert PASSWORD not in made.log_text()


def log_in(instance):
    client = poplib.POP3("127.0.0.1", instance.port, timeout=30)
    client.user(USER)
    client.pass_(PASSWORD)
    return client


def wire(text):
    return text.replace(b"\n", b"\r\n")


def test_poplib_fetches_lists_and_deletes(instance):
    client = log_in(instance)
    assert client.stat() == (3, sum(len(wire(text)) for text in MESSAGES))
    assert set(client.capa()) >= {"TOP", "UIDL", "USER", "PIPELINING", "RESP-CODES"}
    ids = [line.split()[1] for line in client.uidl()[1]]
    assert len(set(ids)) == 3
    for number, text in enumerate(MESSAGES, 1):
        assert b"\n".join(client.retr(number)[1]) + b"\n" == text
    assert client.top(1, 0)[1] == [b"From: a@example.test", b"Subject: one", b""]
    client.dele(2)
    assert client.stat()[0] == 2
    client.rset()
    client.dele(1)
    client.quit()
    assert instance.left() == 2

    client = log_in(instance)
    assert [line.split()[1] for line in client.uidl()[1]] == ids[1:]
    client.quit()


def test_a_dropped_connection_deletes_nothing(instance):
    client = log_in(instance)
    client.dele(1)
    client.close()
    again = log_in_when_free(instance)
    assert again.stat()[0] == 3
    again.quit()


def log_in_when_free(instance):
    for _ in range(200):
        try:
            return log_in(instance)
        except poplib.error_proto as error:
            assert b"[IN-USE]" in error.args[0]
            time.sleep(0.02)
    raise AssertionError("the mailbox stays in use")


def test_a_second_login_is_told_that_the_mailbox_is_in_use(instance):
    first = log_in(instance)
    with pytest.raises(poplib.error_proto, match="IN-USE"):
        log_in(instance)
    first.quit()
    for _ in range(50):  # free the moment that QUIT is answered
        log_in(instance).quit()


def test_a_killed_worker_lets_go_of_its_mailbox(instance):
    client = log_in(instance)
    client.dele(1)
    children = Path(f"/proc/{instance.process.pid}/task/{instance.process.pid}/children")
    for pid in children.read_text().split():
        os.kill(int(pid), signal.SIGKILL)
    again = log_in_when_free_of_crash(instance)
    assert again.stat()[0] == 3
    again.quit()


def log_in_when_free_of_crash(instance):
    for _ in range(200):
        try:
            return log_in(instance)
        except (OSError, EOFError, poplib.error_proto):
            time.sleep(0.05)
    raise AssertionError("no worker came back")


def test_wrong_passwords_are_refused_alike(instance):
    answers = set()
    for user, password in ((USER, "wrong"), ("nobody@example.test", PASSWORD),
                           ("../ann@example.test", PASSWORD), ("a' OR '1'='1", PASSWORD)):
        client = poplib.POP3("127.0.0.1", instance.port, timeout=30)
        client.user(user)
        with pytest.raises(poplib.error_proto) as refused:
            client.pass_(password)
        answers.add(refused.value.args[0])
        client.close()
    assert answers == {b"-ERR [AUTH] wrong user or password"}


def test_curl_fetches_a_message_and_the_list(instance):
    url = f"pop3://127.0.0.1:{instance.port}/"
    login = ("--silent", "--show-error", "--user", f"{USER}:{PASSWORD}")
    for number, text in enumerate(MESSAGES, 1):
        assert run("curl", *login, url + str(number)).stdout == wire(text)
    listed = run("curl", *login, url).stdout.decode().split("\r\n")
    assert listed[0] == f"1 {len(wire(MESSAGES[0]))}"
    assert run("curl", *login, "--request", "UIDL", url).stdout.count(b"\r\n") == 3
    run("curl", *login, "--request", "DELE 2", "--head", url)
    assert instance.left() == 2


@pytest.mark.skipif(shutil.which("mpop") is None, reason="mpop is not installed")
@pytest.mark.parametrize("tls, mechanism", [
    ("off", "user"), ("off", "plain"), ("off", "scram-sha-256"), ("stls", "login"), ("stls", "user"),
    ("stls", "scram-sha-256"), ("at once", "plain"), ("at once", "scram-sha-256")])
def test_mpop_fetches_all_and_deletes(instance, tmp_path, tls, mechanism):
    target = tmp_path / "fetched"
    for folder in ("tmp", "new", "cur"):
        (target / folder).mkdir(parents=True)
    config = tmp_path / "mpoprc"
    config.write_text(f"""
defaults
tls {"off" if tls == "off" else "on"}
tls_starttls {"on" if tls == "stls" else "off"}
tls_certcheck off
auth {mechanism}
account test
host 127.0.0.1
port {instance.secure_port if tls == "at once" else instance.port}
user {USER}
password "{PASSWORD}"
keep off
received_header off
uidls_file {tmp_path}/uidls
delivery maildir {target}
account default : test
""")
    config.chmod(0o600)
    run("mpop", f"--file={config}")
    fetched = {path.read_bytes() for path in (target / "new").iterdir()}
    assert fetched == set(MESSAGES)
    assert instance.left() == 0
    logged = re.search(r"event=login .*", instance.log_text())[0]
    assert f"mechanism={mechanism.upper()}" in logged and ("tls=TLSv1.3" in logged) == (tls != "off")


def test_curl_fetches_under_tls(instance):
    url = f"127.0.0.1:{instance.port}/1"
    login = ("--silent", "--show-error", "--insecure", "--user", f"{USER}:{PASSWORD}")
    assert run("curl", *login, "--ssl-reqd", f"pop3://{url}").stdout == wire(MESSAGES[0])
    secure = f"pop3s://127.0.0.1:{instance.secure_port}/2"
    assert run("curl", *login, secure).stdout == wire(MESSAGES[1])


def test_poplib_fetches_under_tls(instance):
    client = poplib.POP3("127.0.0.1", instance.port, timeout=30)
    client.stls(context=unverified())
    client.user(USER)
    client.pass_(PASSWORD)
    assert client.stat()[0] == 3
    client.quit()


def test_the_log_accounts_for_each_session(instance):
    client = log_in(instance)
    client.retr(1)
    client.dele(1)
    client.quit()
    for _ in range(100):
        if "event=logout" in instance.log_text():
            break
        time.sleep(0.05)
    assert re.search(r"event=login user=ann@example.test client=127.0.0.1 messages=3",
                     instance.log_text())
    assert re.search(r"event=logout user=ann@example.test .*how=quit retrieved=1 deleted=1",
                     instance.log_text())
