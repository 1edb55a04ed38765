"""TLS towards other servers: what each way in which it can be broken means at each level, with a real DNS and servers
on addresses of their own. Nothing is lost, nothing is sent twice, and no fault of TLS sends mail back."""

import re
import ssl

import nsd
import postfix
import pytest
from certificates import authority, issue, self_signed
from harness import Instance, free_port, wait_for
from peer import Peer, with_certificate
from test_requiretls import secured

pytestmark = pytest.mark.skipif(nsd.NSD is None, reason="nsd is not installed")

SENDER = "anna@example.test"
LEVELS = ("may", "encrypt", "verify")
HANDSHAKE_SECONDS = 2


def hang_up(peer, connection):
    connection.recv(1 << 16)
    connection.close()


def say_garbage(peer, connection):
    connection.recv(1 << 16)
    connection.sendall(b"\r\n".join([b"250 what is that?"] * 100))
    connection.recv(1 << 16)
    connection.close()


def be_silent(peer, connection):
    peer.hang()


def end_after(handshake):
    """Closes when the handshake is done."""
    def ending(peer, connection):
        secured = handshake(peer, connection)
        secured.recv(1 << 16)
        secured.close()
    return ending


def end_at_once(handshake):
    """The same, where the server speaks first."""
    return lambda peer, connection: handshake(peer, connection).close()


class Certificates:
    """Of one authority, each for the host `mx.NAME`."""

    def __init__(self, folder):
        self.folder = folder
        self.authority = authority(folder)

    def _paths(self, name):
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def good(self, name, **options):
        issue(self.folder, f"mx.{name}.test", *self._paths(name))
        return with_certificate(*self._paths(name), **options)

    def of_another(self, name):
        issue(self.folder, "mx.elsewhere.test", *self._paths(name))
        return with_certificate(*self._paths(name))

    def expired(self, name):
        # Valid for no time at all: openssl makes none that is past.
        issue(self.folder, f"mx.{name}.test", *self._paths(name), days=0)
        return with_certificate(*self._paths(name))

    def self_signed(self, name):
        return with_certificate(*self_signed(self.folder, f"mx.{name}.test", name))

    def old(self, name):
        self.good(name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        # The oldest that OpenSSL has: TLS 1.0.
        context.minimum_version = context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.load_cert_chain(*self._paths(name))
        return lambda peer, connection: context.wrap_socket(connection, server_side=True)


UNVERIFIED = r"TLSv1\.3 TLS_\S+ unverified"
VERIFIED = r"TLSv1\.3 TLS_\S+ verified"
# By the way in which a server's TLS is: what there is of it, and at each level how mail is sent, or why it waits.
SERVERS = {
    "good": (Certificates.good, {level: VERIFIED for level in LEVELS}),
    "another": (Certificates.of_another, {
        "may": UNVERIFIED, "encrypt": UNVERIFIED,
        "verify": r"4\.7\.5 .*the certificate is for mx\.elsewhere\.test, not for mx\.another\.test"}),
    "expired": (Certificates.expired, {
        "may": UNVERIFIED, "encrypt": UNVERIFIED, "verify": r"4\.7\.5 .*the certificate expired on .* GMT"}),
    "selfsigned": (Certificates.self_signed, {
        "may": UNVERIFIED, "encrypt": UNVERIFIED, "verify": r"4\.7\.5 .*the certificate is self-signed"}),
    "closes": (lambda *_: hang_up, {
        "may": r"clear \(TLS failed: .*\)", "encrypt": r"4\.7\.5 .*TLS failed: ", "verify": r"4\.7\.5 .*TLS failed: "}),
    "garbage": (lambda *_: say_garbage, {
        "may": r"clear \(TLS failed: what the peer sends is no TLS\)", "encrypt": r"4\.7\.5 .*what the peer sends is no TLS",
        "verify": r"4\.7\.5 .*what the peer sends is no TLS"}),
    "hangs": (lambda *_: be_silent, {
        "may": r"clear \(TLS failed: the handshake took too long\)",
        "encrypt": r"4\.7\.5 .*the handshake took too long", "verify": r"4\.7\.5 .*the handshake took too long"}),
    "old": (Certificates.old, {
        "may": r"clear \(TLS failed: .*\)", "encrypt": r"4\.7\.5 .*TLS failed: ", "verify": r"4\.7\.5 .*TLS failed: "}),
    "ends": (lambda self, name: end_after(self.good(name)), {
        "may": r"clear \(.*connection was lost.*\)", "encrypt": r"4\.[47]\.\d .*", "verify": r"4\.[47]\.\d .*"}),
    "none": (lambda *_: None, {
        "may": r"clear \(STARTTLS is not offered\)", "encrypt": r"4\.7\.4 .*does not offer STARTTLS",
        "verify": r"4\.7\.4 .*does not offer STARTTLS"}),
    **{name: (Certificates.good, {
        "may": r"clear \(STARTTLS is refused\)", "encrypt": rf"4\.7\.5 .*refuses STARTTLS: {code}",
        "verify": rf"4\.7\.5 .*refuses STARTTLS: {code}"}) for name, code in (("later", 454), ("never", 500))},
    "injected": (Certificates.good, {
        "may": r"clear \(the server said more behind its reply to STARTTLS, .*\)",
        "encrypt": r"4\.7\.5 .*the server said more behind its reply", "verify": r"4\.7\.5 .*the server said more"}),
}
REPLIES = {"later": "454 4.7.0 not now", "never": "500 5.5.1 what?",
           "injected": "220 2.0.0 go\n250-peer.test\n250 AUTH PLAIN"}

# The same of servers whose TLS is implicit, at one level each.
IMPLICIT = {
    "good": (Certificates.good, "verify", VERIFIED),
    "another": (Certificates.of_another, "none", UNVERIFIED),
    "expired": (Certificates.expired, "verify", r"4\.7\.5 .*the certificate expired on .* GMT"),
    "closes": (lambda *_: hang_up, "may", r"4\.7\.5 .*TLS from the first octet failed: "),
    "hangs": (lambda *_: be_silent, "may", r"4\.7\.5 .*first octet failed: the handshake took too long"),
    "old": (Certificates.old, "may", r"4\.7\.5 .*TLS from the first octet failed: "),
    "ends": (lambda self, name: end_at_once(self.good(name)), "may", r"4\.4\.2 .*connection was lost while waiting for"),
    "clear": (None, "may", r"4\.7\.5 .*first octet failed: what the peer sends is no TLS"),
}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def peers(certificates):
    """The servers by name, all on one port."""
    port = free_port()
    running = {}
    for number, (name, (handshake, _)) in enumerate(SERVERS.items()):
        one = Peer(port, f"127.0.0.{number + 2}")
        one.handshake = handshake(certificates, name)
        if name in REPLIES:
            one.script["STARTTLS"] = lambda _, __, reply=REPLIES[name]: reply
        running[name] = one.__enter__()
    for number, (name, (handshake, *_)) in enumerate(IMPLICIT.items()):
        one = Peer(port, f"127.0.1.{number + 2}")
        one.implicit = handshake is not None
        one.handshake = handshake and handshake(certificates, f"implicit-{name}")
        running[f"implicit-{name}"] = one.__enter__()
    yield running
    for one in running.values():
        one.__exit__()


@pytest.fixture(scope="module")
def suite(tmp_path_factory, certificates, peers):
    zone = "@ SOA ns hostmaster 1 60 60 60 60\n@ NS ns\nns A 127.0.0.1\n"
    for number, name in enumerate(SERVERS):
        zone += f"mx.{name} A 127.0.0.{number + 2}\n"
        zone += "".join(f"{name}.{level} MX 10 mx.{name}\n" for level in (*LEVELS, "strict"))
    policies = [{"destination": f".{level}.test", "level": level} for level in LEVELS]
    policies.append({"destination": ".strict.test", "level": "verify", "min_version": "1.3"})
    for number, (name, (_, level, _)) in enumerate(IMPLICIT.items()):
        zone += f"mx.implicit-{name} A 127.0.1.{number + 2}\n"
        policies.append({"destination": f"mx.implicit-{name}.test", "level": level})
    port = next(iter(peers.values())).port
    routes = [{"match": f"implicit-{name}.test", "via": f"smtps:mx.implicit-{name}.test:{port}"} for name in IMPLICIT]
    with nsd.serve(tmp_path_factory.mktemp("nsd"), {"test": zone}) as dns:
        with Instance({"dns": {"servers": [dns]}, "relay": {"port": port}, "route": routes,
                       "queue": {"retry_interval": "1h"}, "deliverd": {"idle_timeout": "1s"}, "tls_policy": policies,
                       "tls": {"ca_file": str(certificates.authority),
                               "handshake_timeout": f"{HANDSHAKE_SECONDS}s"}}) as running:
            running.add_user(SENDER)
            yield running


def fields(line):
    """The values of a line of the log, by their keys."""
    return {key: quoted or plain for key, quoted, plain in re.findall(r'(\S+?)=(?:"((?:[^"\\]|\\.)*)"|(\S*))', line)}


def outcomes(suite, recipient):
    """What became of the attempts at the recipient, in the order of the log: event and fields."""
    found = []
    for line in suite.log_text().splitlines():
        one = fields(line)
        if one.get("to") == recipient and "tls" in one and one["process"] == "deliverd@remote":
            found.append(one)
    return found


def send(suite, recipient, options=(), text="Subject: hello\r\n\r\ntext\r\n"):
    with suite.smtp() as client:
        client.sendmail(SENDER, [recipient], text, list(options))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", SERVERS)
def test_each_level_has_what_it_asks_for_or_waits(suite, peers, name, level):
    expected = SERVERS[name][1][level]
    recipient = f"bob@{name}.{level}.test"
    before = len(peers[name].messages)
    send(suite, recipient)
    outcome = wait_for(lambda: outcomes(suite, recipient), 30, f"an attempt at {recipient}")[0]
    if expected.startswith("4"):
        assert outcome["event"] == "deferred"
        assert re.match(expected, f"{outcome['status']} {outcome['reply']}"), outcome
        assert f"mx.{name}.test[127.0.0." in outcome["reply"]
        assert len(peers[name].messages) == before
        [waiting] = suite.json("queue", "list", "--domain", f"{name}.{level}.test")["messages"]
        suite.command("queue", "delete", waiting["id"])
    else:
        assert outcome["event"] == "sent"
        assert re.fullmatch(expected, outcome["tls"]), outcome
        wait_for(lambda: len(peers[name].messages) == before + 1)
    assert len(outcomes(suite, recipient)) == 1


@pytest.mark.parametrize("name", IMPLICIT)
def test_under_implicit_tls_mail_goes_as_it_is_asked_for_or_waits(suite, peers, name):
    recipient, peer, expected = f"bob@implicit-{name}.test", peers[f"implicit-{name}"], IMPLICIT[name][2]
    send(suite, recipient)
    outcome = wait_for(lambda: outcomes(suite, recipient), 30, f"an attempt at {recipient}")[0]
    if expected.startswith("4"):
        assert outcome["event"] == "deferred"
        assert re.match(expected, f"{outcome['status']} {outcome['reply']}"), outcome
    else:
        assert outcome["event"] == "sent" and re.fullmatch(expected, outcome["tls"]), outcome
        wait_for(lambda: len(peer.messages) == 1)
    assert not [command for command, _ in peer.commands if command == "STARTTLS"]


def test_an_operator_may_send_mail_to_a_server_of_implicit_tls(suite, peers):
    recipient, peer = "ida@none.verify.test", peers["implicit-good"]
    send(suite, recipient)
    wait_for(lambda: suite.json("queue", "list", "--recipient", recipient)["messages"])
    suite.command("queue", "route", "--to", f"smtps:mx.implicit-good.test:{peer.port}", "--recipient", recipient)
    wait_for(lambda: [message for message in peer.messages if recipient in message.recipients], 30)


def test_a_server_whose_tls_fails_is_told_of_once_and_then_met_in_the_clear(suite, peers):
    address = f"127.0.0.{list(peers).index('garbage') + 2}:"
    for _ in range(3):
        send(suite, "carl@garbage.may.test")
    wait_for(lambda: len(outcomes(suite, "carl@garbage.may.test")) == 3)
    assert len([line for line in suite.events("tls_failed") if address in line]) == 1


def test_a_session_is_resumed_by_the_next_connection(suite, peers):
    resumed = []
    handshake = peers["good"].handshake

    def noting(peer, connection):
        secured = handshake(peer, connection)
        resumed.append(secured.session_reused)
        return secured

    wait_for(lambda: peers["good"].open == 0, what="the end of the other tests' connections")
    peers["good"].handshake = noting
    for count in (1, 2):
        send(suite, "dora@good.strict.test")
        wait_for(lambda: len(outcomes(suite, "dora@good.strict.test")) == count)
        wait_for(lambda: peers["good"].open == 0, what="the end of an idle connection")
    peers["good"].handshake = handshake
    assert resumed == [False, True]


def test_requiretls_is_passed_on_to_a_server_that_offers_it(suite, peers):
    peers["good"].secured_keywords = "REQUIRETLS"
    with secured(suite) as client:
        client.sendmail(SENDER, ["fritz@good.may.test"], "Subject: secret\r\n\r\n", ["REQUIRETLS"])
    outcome = wait_for(lambda: outcomes(suite, "fritz@good.may.test"))[0]
    assert outcome["event"] == "sent" and re.fullmatch(VERIFIED, outcome["tls"])
    assert [argument for command, argument in peers["good"].commands
            if command == "MAIL" and "REQUIRETLS" in argument.split()]


def test_what_need_not_go_under_tls_is_not_held_up_by_a_policy(suite, peers):
    send(suite, "gerd@selfsigned.strict.test", text="TLS-Required: No\r\nSubject: hello\r\n\r\ntext\r\n")
    outcome = wait_for(lambda: outcomes(suite, "gerd@selfsigned.strict.test"))[0]
    assert outcome["event"] == "sent" and re.fullmatch(UNVERIFIED, outcome["tls"])


@postfix.required
@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_a_real_postfix_gets_mail_under_tls(version):
    with Peer() as sink, Instance(start=False) as suite:
        suite.root.chmod(0o755)  # Postfix gives up root
        tls = suite.directory / "tls"
        trusted = authority(tls)
        issue(tls, "localhost", tls / "localhost.pem", tls / "localhost.key")
        with postfix.running(suite.root / "postfix", {
                "relay_domains": "far.test", "relay_transport": f"smtp:[127.0.0.1]:{sink.port}",
                "smtpd_tls_security_level": "encrypt", "smtpd_tls_received_header": "yes",
                "smtpd_tls_mandatory_protocols": f">={version}, <={version}",
                "smtpd_tls_cert_file": tls / "localhost.pem", "smtpd_tls_key_file": tls / "localhost.key"}) as server:
            server.connect().quit()
            suite.configure({"route": [{"match": "far.test", "via": f"smtp:localhost:{server.port}"}],
                             "tls_policy": [{"destination": "localhost", "level": "verify"}],
                             "tls": {"ca_file": str(trusted)}})
            suite.start()
            for number in range(20):
                send(suite, f"user{number}@far.test")
            wait_for(lambda: len(sink.messages) == 20, 60)
            assert all(f"using {version}".encode() in message.content for message in sink.messages)
            assert all(re.fullmatch(rf"{version} \S+ verified", fields(line)["tls"]) for line in suite.events("sent"))
            wait_for(lambda: not suite.json("queue", "list")["messages"])
