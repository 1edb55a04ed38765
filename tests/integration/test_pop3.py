"""pop3d with real sockets: TLS by STLS and at once, the ways to log in, languages, the delay between logins, the
PROXY protocol, and what the log tells."""

import base64
import contextlib
import os
import pathlib
import poplib
import signal
import socket
import ssl
import subprocess
import time

import pytest
from certificates import fingerprint, self_signed, unverified
from harness import BIN, DOMAIN, HOSTNAME, Instance, wait_for

USER = f"anna@{DOMAIN}"
MESSAGE = b"Subject: one\n\nbody\n"
PLAIN = base64.b64encode(f"\0{USER}\0secret".encode()).decode()
V1 = b"PROXY TCP4 203.0.113.9 127.0.0.1 40000 110\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V2 = SIGNATURE + b"\x21\x11\0\x0c" + bytes([203, 0, 113, 9, 127, 0, 0, 1, 0x9c, 0x40, 0, 110])
LOCAL = SIGNATURE + b"\x20\0\0\0"


@contextlib.contextmanager
def instance(ports=None, proxy=False, pop3d=None, **sections):
    """An instance of which pop3d alone runs, and one user with a message."""
    with Instance(start=False) as suite:
        listen = [{"address": f"127.0.0.1:{suite.port_base + port}", "tls": tls, "proxy": proxy}
                  for port, tls in (ports or {110: "starttls", 995: "implicit"}).items()]
        suite.configure({"pop3d": {"listen": listen, "workers": 2, **(pop3d or {})},
                         "bans": {"delay": "0s"}, **sections})
        suite.add_user(USER)
        folder = suite.directory / f"mail/{DOMAIN}/anna/Maildir"
        for name in ("tmp", "new", "cur"):
            (folder / name).mkdir(parents=True)
        (folder / "new" / "1.M1P1.host").write_bytes(MESSAGE)
        with suite.log.open("ab") as log:
            suite.daemon = subprocess.Popen([str(BIN / "pop3d"), "--config", str(suite.config)], stderr=log)
        try:
            wait_for(lambda: len(suite.events("listening")) == len(listen), what="the listeners")
            yield suite
        finally:
            suite.daemon.terminate()
            suite.daemon.wait(20)


@pytest.fixture(scope="module")
def suite():
    with instance() as running:
        yield running


class Client:
    """A connection of lines."""

    def __init__(self, suite, port=110, before=b"", source="127.0.0.1"):
        self.socket = socket.create_connection(("127.0.0.1", suite.port_base + port), 20, (source, 0))
        self.socket.sendall(before)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def line(self):
        return self.file.readline().decode().removesuffix("\r\n")

    def say(self, line):
        self.socket.sendall(line.encode() + b"\r\n")
        return self.line()

    def lines(self, line):
        assert self.say(line).startswith("+OK")
        return list(iter(self.line, "."))

    def secure(self, **options):
        """Goes on under TLS."""
        self.file.close()
        self.socket = unverified().wrap_socket(self.socket, **options)
        self.file = self.socket.makefile("rb")


def poplib_client(suite):
    return poplib.POP3("127.0.0.1", suite.pop3_port, timeout=20)


def workers(suite):
    pid = suite.daemon.pid
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def read_all(client):
    try:
        return b"".join(iter(lambda: client.recv(4096), b""))
    except ConnectionResetError:
        return b""


# ---- TLS ----


def test_a_mailbox_is_read_after_stls(suite):
    client = poplib_client(suite)
    assert "STLS" in client.capa()
    client.stls(context=unverified())
    assert "STLS" not in client.capa() and client.capa()["SASL"][0] == "SCRAM-SHA-256-PLUS"
    client.user(USER)
    client.pass_("secret")
    assert client.retr(1)[1] == [b"Subject: one", b"", b"body"]
    client.quit()
    assert "mechanism=USER tls=TLSv1.3" in suite.events("login")[-1]


def test_a_mailbox_is_read_under_implicit_tls(suite):
    client = poplib.POP3_SSL("127.0.0.1", suite.port_base + 995, context=unverified(), timeout=20)
    client.user(USER)
    client.pass_("secret")
    assert client.stat() == (1, 22)
    client.quit()


def test_what_is_pipelined_behind_stls_ends_the_session(suite):
    with Client(suite) as client:
        client.line()
        client.socket.sendall(b"STLS\r\nUSER evil@example.test\r\nPASS x\r\n")
        assert read_all(client.socket) == b"-ERR nothing may follow STLS before the handshake\r\n"


def test_what_comes_in_the_clear_after_stls_is_no_command(suite):
    before = len(suite.events("handshake_failed"))
    with Client(suite) as client:
        client.line()
        assert client.say("STLS").startswith("+OK")
        client.socket.sendall(f"USER {USER}\r\nPASS secret\r\n".encode() * 10)
        assert b"+OK" not in read_all(client.socket)
    wait_for(lambda: len(suite.events("handshake_failed")) > before, what="handshake_failed")


def test_what_was_said_in_the_clear_is_forgotten(suite):
    with Client(suite) as client:
        client.line()
        client.say("LANG de")
        assert client.say(f"USER {USER}") == "+OK weiter mit PASS"
        client.say("STLS")
        client.secure()
        assert client.say("PASS secret") == "-ERR not in this state"


def test_under_implicit_tls_nothing_is_said_in_the_clear(suite):
    with Client(suite, 995) as client:
        client.socket.sendall(b"CAPA\r\n")
        assert b"+OK" not in read_all(client.socket)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda v: v.name)
def test_each_worker_resumes_what_another_began(suite, version):
    context = unverified(maximum_version=version)
    session = None
    for resting in workers(suite) * 2:
        os.kill(resting, signal.SIGSTOP)
        try:
            with Client(suite, 995) as raw, context.wrap_socket(raw.socket, session=session) as client:
                # The ticket of TLS 1.3 comes with what is read first.
                assert client.recv(4096).startswith(b"+OK ")
                assert client.session_reused == (session is not None)
                session = client.session
        finally:
            os.kill(resting, signal.SIGCONT)


@pytest.mark.parametrize("names, served", [(["pop3"], True), (["imap", "pop3"], True), (["http/1.1"], False)])
def test_the_protocol_in_alpn_is_pop3_alone(suite, names, served):
    context = unverified()
    context.set_alpn_protocols(names)
    with Client(suite, 995) as raw:
        if served:
            with context.wrap_socket(raw.socket) as client:
                assert client.selected_alpn_protocol() == "pop3"
        else:
            with pytest.raises(ssl.SSLError):
                context.wrap_socket(raw.socket)


def served_certificate(suite, name=None):
    with Client(suite, 995) as client:
        client.secure(server_hostname=name)
        return client.socket.getpeercert(binary_form=True)


def test_certificates_are_served_by_name_and_replaced_while_sessions_go_on():
    with Instance(start=False) as made:
        tls = made.directory / "tls"
        other = self_signed(tls, "mx.example.net")
        with instance(tls={"certificate": str(tls / "certificate.pem"), "key": str(tls / "key.pem"),
                           "additional": [{"certificate": str(other[0]), "key": str(other[1])}]}) as suite:
            first = fingerprint(tls / "certificate.pem")
            assert served_certificate(suite) == served_certificate(suite, HOSTNAME) == first
            assert served_certificate(suite, "mx.example.net") == fingerprint(other[0])
            with Client(suite, 995) as session:
                session.secure()
                session.line()
                new = self_signed(tls, HOSTNAME, "certificate")
                os.rename(new[1], tls / "key.pem")
                wait_for(lambda: len(suite.events("certificates_loaded")) >= 2, what="both workers' word")
                assert {served_certificate(suite) for _ in range(8)} == {fingerprint(new[0])}
                assert session.say("CAPA").startswith("+OK")


def test_without_a_certificate_stls_is_neither_offered_nor_taken():
    with instance({110: "starttls"}, tls={"certificate": "", "key": ""},
                  smtpd={"listen": [{"address": "127.0.0.1:1", "mode": "mx"}]}) as suite, Client(suite) as client:
        client.line()
        assert "STLS" not in client.lines("CAPA")
        assert client.say("STLS") == "-ERR TLS is not available here"


def test_a_bad_certificate_at_start_is_named_and_nothing_starts():
    with Instance(start=False) as suite:
        path = suite.directory / "tls" / "certificate.pem"
        path.write_text("no certificate\n")
        done = subprocess.run([str(BIN / "pop3d"), "--config", str(suite.config)], capture_output=True, text=True,
                              timeout=20)
        assert done.returncode == 78
        assert "event=not_started" in done.stderr and f"{path}: " in done.stderr


# ---- Logins ----


def test_where_plaintext_is_refused_tls_comes_first():
    with instance(pop3d={"plaintext_auth": "never"}) as suite, Client(suite) as client:
        client.line()
        capabilities = client.lines("CAPA")
        assert "USER" not in capabilities and not any(line.startswith("SASL") for line in capabilities)
        for line in (f"USER {USER}", f"AUTH PLAIN {PLAIN}", "AUTH"):
            assert client.say(line) == "-ERR [SYS/PERM] a password may not be sent in the clear here"
        client.say("STLS")
        client.secure()
        assert "USER" in client.lines("CAPA")
        assert client.say(f"AUTH PLAIN {PLAIN}").startswith("+OK")


def test_auth_logs_in_and_its_password_is_in_no_log(suite):
    with Client(suite) as client:
        client.line()
        assert client.lines("AUTH") == ["SCRAM-SHA-256", "PLAIN", "LOGIN"]
        assert client.say("AUTH PLAIN") == "+ "
        assert client.say("*") == "-ERR authentication cancelled"
        assert client.say("AUTH PLAIN") == "+ "
        assert client.say(PLAIN).startswith("+OK 1 messages")
        assert client.say("QUIT") == "+OK bye"
    with Client(suite) as client:
        client.line()
        wrong = base64.b64encode(f"\0{USER}\0hunter2".encode()).decode()
        assert client.say(f"AUTH PLAIN {wrong}") == "-ERR [AUTH] wrong user or password"
    assert "mechanism=PLAIN" in suite.events("authentication_failed")[-1]
    assert "hunter2" not in suite.log_text() and PLAIN not in suite.log_text()


def test_a_real_client_logs_in_by_each_mechanism(suite):
    for mechanism in ("PLAIN", "LOGIN", "SCRAM-SHA-256"):
        done = subprocess.run(["curl", "-q", "-sS", "-k", "--login-options", f"AUTH={mechanism}", "-u",
                               f"{USER}:secret", f"pop3s://127.0.0.1:{suite.port_base + 995}/1"],
                              capture_output=True, timeout=30)
        if mechanism == "SCRAM-SHA-256" and done.returncode == 67:
            continue  # a curl without libgsasl
        assert done.returncode == 0, done.stderr
        assert done.stdout == MESSAGE.replace(b"\n", b"\r\n")
        wait_for(lambda: f"mechanism={mechanism}" in suite.events("login")[-1], what=mechanism)


def test_apop_is_offered_where_it_is_on_and_refused_without_a_secret():
    with instance(pop3d={"apop": "on"}) as suite, Client(suite) as client:
        greeting = client.line()
        assert greeting.startswith(f"+OK {HOSTNAME} POP3 ready <") and greeting.endswith(f"@{HOSTNAME}>")
        assert client.say(f"APOP {USER} {'0' * 32}") == "-ERR [AUTH] wrong user or password"
        assert client.say(f"APOP nobody@{DOMAIN} {'0' * 32}") == "-ERR [AUTH] wrong user or password"
        with Client(suite) as another:
            assert another.line() != greeting
        assert "mechanism=APOP" in wait_for(lambda: suite.events("authentication_failed"))[-1]


def test_too_many_wrong_passwords_ban_whatever_the_way():
    with instance(bans={"delay": "0s", "account_failures": 3}) as suite, Client(suite) as client:
        client.line()
        wrong = base64.b64encode(f"\0{USER}\0hunter2".encode()).decode()
        for _ in range(4):
            assert client.say(f"AUTH PLAIN {wrong}").startswith("-ERR [")
        assert client.say(f"AUTH PLAIN {PLAIN}").startswith("-ERR [SYS/TEMP] too many wrong passwords")
        client.say(f"USER {USER}")
        assert client.say("PASS secret").startswith("-ERR [SYS/TEMP] too many wrong passwords")


def test_a_login_within_the_delay_is_told_to_wait():
    with instance(pop3d={"login_delay": "2s"}, mailbox={"retention": "60d"}) as suite:
        with Client(suite) as client:
            client.line()
            assert {"LOGIN-DELAY 2", "EXPIRE 60"} <= set(client.lines("CAPA"))
            assert client.say(f"AUTH PLAIN {PLAIN}").startswith("+OK")
            assert {"LOGIN-DELAY 2", "EXPIRE 60"} <= set(client.lines("CAPA"))
            begun = time.monotonic()
            client.say("QUIT")
        with Client(suite) as client:
            client.line()
            assert client.say(f"AUTH PLAIN {PLAIN}").startswith("-ERR [LOGIN-DELAY] ")

            def admitted():
                return client.say(f"AUTH PLAIN {PLAIN}").startswith("+OK") or time.sleep(0.2)

            wait_for(admitted, what="the end of the delay")
            assert time.monotonic() - begun > 1.5


# ---- Languages ----


def test_languages_are_listed_and_changed(suite):
    with Client(suite) as client:
        client.line()
        assert client.lines("LANG") == ["en English", "de Deutsch", "zh 中文"]
        assert client.say("LANG zh-CN").startswith("+OK zh ")
        assert client.say("NOOP") == "-ERR 当前状态下不可用"
        assert client.say("LANG xx").startswith("-ERR ")
        assert client.say("LANG *") == "+OK en English from now on"
        assert client.say("UTF8").startswith("+OK")
        assert client.say(f"AUTH PLAIN {PLAIN}").startswith("+OK")
        assert client.say("UTF8").startswith("-ERR")


# ---- The PROXY protocol ----


@pytest.fixture(scope="module")
def proxied():
    with instance(proxy=True, pop3d={"proxy_networks": ["127.0.0.1"], "proxy_timeout": "1s"}) as suite:
        yield suite


@pytest.mark.parametrize("header", [V1, V2], ids=["v1", "v2"])
def test_the_client_is_the_one_that_the_proxy_names(proxied, header):
    with Client(proxied, before=header) as client:
        client.line()
        assert client.say(f"USER {USER}").startswith("-ERR [SYS/PERM]")  # 203.0.113.9 is not the loopback
        client.say("STLS")
        client.secure()
        assert client.say(f"AUTH PLAIN {PLAIN}").startswith("+OK")
    assert "client=203.0.113.9" in wait_for(lambda: proxied.events("login"))[-1]


def test_tls_may_begin_behind_the_header(proxied):
    with Client(proxied, 995, before=V2) as client:
        client.secure()
        assert client.line().startswith("+OK")


def test_a_proxy_that_speaks_for_itself_is_the_client(proxied):
    with Client(proxied, before=LOCAL) as client:
        client.line()
        assert client.say(f"USER {USER}").startswith("+OK")


@pytest.mark.parametrize("sent, source, reason", [
    (V1, "127.0.0.2", "it is not in pop3d.proxy_networks"),
    (b"CAPA\r\n", "127.0.0.1", "bad PROXY header: it begins as no PROXY header does"),
], ids=["a stranger", "no header"])
def test_others_are_closed_without_a_word(proxied, sent, source, reason):
    before = len(proxied.events("proxy_refused"))
    with Client(proxied, before=sent, source=source) as client:
        assert read_all(client.socket) == b""
    lines = wait_for(lambda: proxied.events("proxy_refused")[before:])
    assert f"proxy={source} " in lines[0] and f'reason="{reason}"' in lines[0]


# ---- Memory ----

IDLE = 16 * 1024  # octets that a connection may cost


def cost_of(suite, count, come):
    """Octets that each of so many idle connections costs the workers; come(n) makes the n-th."""
    def resident():
        return 1024 * sum(int(line.split()[1]) for pid in workers(suite)
                          for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
                          if line.startswith("RssAnon"))

    with contextlib.ExitStack() as clients:
        for number in range(count // 2):
            clients.enter_context(come(number))
        before = resident()
        for number in range(count // 2, count // 2 + count):
            clients.enter_context(come(number))
        return (resident() - before) / count


def test_an_idle_connection_is_cheap_once_greeted():
    def come(_):
        client = Client(suite)
        client.line()
        return client

    with instance() as suite:
        cost = cost_of(suite, 400, come)
    print(f"{cost:.0f} octets each")
    assert cost <= IDLE


def test_an_idle_connection_is_cheap_when_it_has_read_its_mail():
    def come(number):
        suite.add_user(f"user{number}@{DOMAIN}")
        folder = suite.directory / f"mail/{DOMAIN}/user{number}/Maildir"
        for name in ("tmp", "new", "cur"):
            (folder / name).mkdir(parents=True)
        for message in range(10):
            (folder / "new" / f"{message}.M{message}P1.host,S=19,W=22").write_bytes(MESSAGE)
        client = Client(suite)
        client.line()
        assert client.say(f"USER user{number}@{DOMAIN}").startswith("+OK")
        assert client.say("PASS secret").startswith("+OK 10 ")
        assert client.say("RETR 1").startswith("+OK")
        while client.line() != ".":
            pass
        return client

    with instance() as suite:
        cost = cost_of(suite, 60, come)
    print(f"{cost:.0f} octets each")
    assert cost <= IDLE


def test_what_a_slow_client_deletes_in_one_breath_is_removed_once_it_is_sent(suite):
    """RETR, DELE and QUIT in one segment, of more than the sockets' buffers hold, by a client that reads later, and has
    ended its side."""
    folder = suite.directory / f"mail/{DOMAIN}/anna/Maildir/new"
    large = folder / "2.M2P1.host"
    large.write_bytes(b"Subject: large\n\n" + b"a line of the message\n" * 600_000)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(60)
        client.connect(("127.0.0.1", suite.port_base + 110))
        client.sendall(f"USER {USER}\r\nPASS secret\r\nRETR 2\r\nDELE 2\r\nQUIT\r\n".encode())
        client.shutdown(socket.SHUT_WR)
        time.sleep(4)  # longer than the server waits for the end of a connection
        assert any(one.name.startswith("2.M2P1") for one in folder.iterdir())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        said = bytearray()
        while chunk := client.recv(1 << 20):
            said += chunk
    assert said.count(b"a line of the message\r\n") == 600_000 and said.rstrip().splitlines()[-1].startswith(b"+OK")
    assert not any(one.name.startswith("2.M2P1") for one in folder.iterdir())
