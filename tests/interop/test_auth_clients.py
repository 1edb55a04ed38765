"""Logins as real programs make them: smtplib, curl, swaks, msmtp and gsasl by every mechanism that they share
with us, with the user's own password and with an app password."""

import re
import smtplib

import pytest
from certificates import unverified
from clients import required, run, serving_under_tls
from harness import DOMAIN, HOSTNAME, wait_for

USER = f"anna@{DOMAIN}"
PASSWORD = "correct horse"
MESSAGE = b"Subject: sent by a user\r\n\r\nbody\r\n"
PORTS = {"starttls": 587, "implicit": 465}


@pytest.fixture(scope="module")
def suite():
    """Where nobody may relay by address."""
    with serving_under_tls(relay={"networks": []}) as instance:
        instance.add_user(USER, PASSWORD)
        instance.app_password = instance.json("user", "app-password", "add", USER, "phone", "--scope",
                                              "smtp")["password"]
        yield instance


def password_of(suite, which):
    return {"main": PASSWORD, "app": suite.app_password}[which]


def check_sent(suite, address, mechanism):
    """One message came, from a user who is named where it helps and nowhere else."""
    [message] = wait_for(lambda: suite.mailbox(address), what=f"mail for {address}")
    assert b"\nSubject: sent by a user\n" in message
    received = re.search(rb"(?m)^Received: .*(?:\n\t.*)*", message)[0]
    assert b" with ESMTPSA id " in received and b"anna" not in received
    id = re.search(rb" id (\S+)", received)[1].decode().rstrip(";")
    [line] = [line for line in suite.events("accepted") if f"id={id}" in line.split()]
    assert f" user={USER} " in line
    assert f" user={USER} client=127.0.0.1 mechanism={mechanism}" in suite.events("authenticated")[-1]


def trace(done):
    return (done.stdout + done.stderr).decode(errors="replace")


passwords = pytest.mark.parametrize("which", ["main", "app"])


# ---- Python's smtplib ----


def connect(suite, security="starttls"):
    port = suite.port_base + PORTS[security]
    if security == "implicit":
        return smtplib.SMTP_SSL("127.0.0.1", port, local_hostname="client.test", timeout=30, context=unverified())
    client = suite.smtp(port)
    client.starttls(context=unverified())
    return client


@passwords
@pytest.mark.parametrize("security", PORTS)
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("initial", [True, False], ids=["initial-response", "challenge"])
def test_smtplib_logs_in(suite, recipient, mechanism, security, initial, which):
    with connect(suite, security) as client:
        client.ehlo()
        client.user, client.password = USER, password_of(suite, which)
        method = {"PLAIN": client.auth_plain, "LOGIN": client.auth_login}[mechanism]
        assert client.auth(mechanism, method, initial_response_ok=initial) == (235, b"2.7.0 authenticated")
        client.sendmail(USER, [recipient], MESSAGE)
    check_sent(suite, recipient, mechanism)


def test_smtplib_is_refused_in_the_same_words_whoever_it_says_to_be(suite):
    with connect(suite) as client:
        words = set()
        for user, password in [(USER, "wrong"), (f"nobody@{DOMAIN}", PASSWORD), ("anna", PASSWORD), (USER, "k3v7d-aaaaa-aaaaa-aaaaa")]:
            with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
                client.login(user, password)
            words.add((refused.value.smtp_code, refused.value.smtp_error))
        assert words == {(535, b"5.7.8 authentication credentials invalid")}
        assert client.mail(USER)[0] == 530
    reasons = " ".join(suite.events("authentication_failed"))
    assert f'user=nobody@{DOMAIN} client=127.0.0.1 mechanism=PLAIN reason="no such user"' in reasons
    assert f'user={USER} client=127.0.0.1 mechanism=LOGIN reason="wrong password"' in reasons
    assert PASSWORD not in suite.log_text() and suite.app_password not in suite.log_text()


def test_who_has_logged_in_may_send_anywhere(suite):
    with connect(suite, "implicit") as client:
        client.login(USER, PASSWORD)
        assert client.mail(USER)[0] == 250
        assert client.rcpt("friend@elsewhere.test") == (250, b"2.1.5 recipient ok")
    with suite.smtp() as client:
        client.ehlo()
        assert not client.has_extn("auth")
        client.mail(USER)
        assert client.rcpt("friend@elsewhere.test") == (550, b"5.7.1 relaying denied")


# ---- curl ----


@required("curl")
@passwords
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_curl_logs_in(suite, recipient, mechanism, which):
    address = f"{HOSTNAME}:{suite.port_base + 465}"
    done = run("curl", "-q", "--silent", "--show-error", "--noproxy", "*", "--max-time", 30, "--cacert",
               suite.authority, "--connect-to", f"{address}:127.0.0.1:{suite.port_base + 465}",
               f"smtps://{address}/client.test", "--user", f"{USER}:{password_of(suite, which)}", "--login-options",
               f"AUTH={mechanism}", "--mail-from", USER, "--mail-rcpt", recipient, "--upload-file", "-", input=MESSAGE)
    assert done.returncode == 0, trace(done)
    check_sent(suite, recipient, mechanism)


# ---- swaks ----


@required("swaks")
@passwords
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_swaks_logs_in(suite, recipient, mechanism, which):
    done = run("swaks", "--server", "127.0.0.1", "--port", suite.port_base + 587, "--tls", "--helo", "client.test",
               "--auth", mechanism, "--auth-user", USER, "--auth-password", password_of(suite, which), "--from", USER,
               "--to", recipient, "--header", "Subject: sent by a user")
    assert done.returncode == 0, trace(done)
    check_sent(suite, recipient, mechanism)


# ---- msmtp ----


@required("msmtp")
@passwords
@pytest.mark.parametrize("method, mechanism", [("plain", "PLAIN"), ("login", "LOGIN"),
                                               ("scram-sha-256", "SCRAM-SHA-256"), ("on", "PLAIN")])
def test_msmtp_logs_in(suite, recipient, tmp_path, method, mechanism, which):
    configuration = tmp_path / "msmtprc"
    configuration.write_text(f"defaults\nhost 127.0.0.1\nport {suite.port_base + 587}\ntls on\ntls_starttls on\n"
                             f"tls_trust_file {suite.authority}\ntls_host_override {HOSTNAME}\nauth {method}\n"
                             f"user {USER}\npassword \"{password_of(suite, which)}\"\nfrom {USER}\naccount default\n")
    configuration.chmod(0o600)
    done = run("msmtp", "--file", configuration, recipient, input=MESSAGE)
    assert done.returncode == 0, trace(done)
    check_sent(suite, recipient, mechanism)


# ---- gsasl ----


def gsasl(suite, mechanism, password, *options):
    return run("gsasl", "--smtp", "--connect", f"127.0.0.1:{suite.port_base + 587}", "--hostname", HOSTNAME,
               "--x509-ca-file", "", "--mechanism", mechanism, "--authentication-id", USER, "--password", password,
               "--starttls", "--quiet", *options, input=b"")


@required("gsasl")
@passwords
@pytest.mark.parametrize("priority, version", [("NORMAL", "1.3"), ("NORMAL:-VERS-TLS1.3", "1.2")],
                         ids=["tls-exporter", "tls-unique"])
def test_gsasl_binds_its_login_to_the_connection(suite, priority, version, which):
    before = len(suite.events("authenticated"))
    done = gsasl(suite, "SCRAM-SHA-256-PLUS", password_of(suite, which), "--priority", priority)
    lines = wait_for(lambda: suite.events("authenticated")[before:], what=f"a login: {trace(done)}")
    assert f"user={USER} client=127.0.0.1 mechanism=SCRAM-SHA-256-PLUS" in lines[0]


@required("gsasl")
def test_gsasl_with_a_wrong_password_is_refused(suite):
    before = len(suite.events("authentication_failed"))
    done = gsasl(suite, "SCRAM-SHA-256-PLUS", "wrong")
    assert done.returncode != 0
    [line] = wait_for(lambda: suite.events("authentication_failed")[before:], what="a refusal")
    assert 'mechanism=SCRAM-SHA-256-PLUS reason="wrong password"' in line
