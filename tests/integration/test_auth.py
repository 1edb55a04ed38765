"""Passwords from the command to the listeners: app passwords with scope and expiry, changes that are seen at once,
where AUTH is offered, and what the log tells."""

import base64
import json
import poplib
import re
import smtplib

import pytest
from certificates import unverified
from harness import DOMAIN, Instance, wait_for

USER = f"anna@{DOMAIN}"
PASSWORD = "secret"


@pytest.fixture(scope="module")
def suite():
    with Instance(start=False) as instance:
        listen = [{"address": f"127.0.0.1:{instance.port_base + port}", "mode": mode}
                  for port, mode in {25: "mx", 465: "submissions", 587: "submission"}.items()]
        instance.configure({"smtpd": {"listen": listen, "plaintext_auth": "loopback"},
                            "bans": {"delay": "0s"}})
        instance.start()
        instance.add_user(USER, PASSWORD)
        yield instance


def takes(suite, password, user=USER):
    """Whether SMTP takes the password, by a session of its own."""
    with smtplib.SMTP_SSL("127.0.0.1", suite.port_base + 465, timeout=30, context=unverified()) as client:
        try:
            return client.login(user, password)[0] == 235
        except smtplib.SMTPAuthenticationError as refused:
            assert refused.smtp_code == 535
            return False


def pop3_takes(suite, password):
    try:
        suite.pop3(USER, password).quit()
        return True
    except poplib.error_proto as refused:
        assert b"[AUTH]" in refused.args[0]
        return False


def app_password(suite, name, *options):
    return suite.json("user", "app-password", "add", USER, name, *options)["password"]


def test_an_app_password_is_shown_once_and_listed_without_it(suite):
    made = suite.command("user", "app-password", "add", USER, "mail program", "--expires", "90d").stdout
    match = re.fullmatch(rf"added app password mail program of {USER} for smtp,pop3 until "
                         r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ); it is not shown again:\n([a-z2-9-]{23})\n", made)
    assert match, made
    shown = suite.command("user", "app-password", "list", USER).stdout
    assert "mail program" in shown and match[1] in shown and match[2] not in shown
    [listed] = [one for one in suite.json("user", "app-password", "list", USER)["app_passwords"]
                if one["name"] == "mail program"]
    assert listed["scope"] == ["smtp", "pop3"] and listed["expires"] == match[1] and listed["created"] < match[1]
    assert takes(suite, match[2]) and pop3_takes(suite, match[2])
    assert "app_password=\"mail program\"" in suite.events("authenticated")[-1]


def test_an_app_password_is_for_its_scope_alone(suite):
    smtp, pop3 = (app_password(suite, scope, "--scope", scope) for scope in ("smtp", "pop3"))
    assert (takes(suite, smtp), pop3_takes(suite, smtp)) == (True, False)
    assert (takes(suite, pop3), pop3_takes(suite, pop3)) == (False, True)
    assert 'reason="the app password is not for this service"' in suite.events("authentication_failed")[-1]
    assert takes(suite, PASSWORD) and pop3_takes(suite, PASSWORD)


def test_an_app_password_expires(suite):
    short = app_password(suite, "short", "--expires", "3s")
    assert takes(suite, short)
    wait_for(lambda: not takes(suite, short), what="the end of the app password")
    assert 'reason="the app password has expired"' in suite.events("authentication_failed")[-1]


def test_a_removed_app_password_is_taken_no_more(suite):
    lost = app_password(suite, "lost")
    assert takes(suite, lost)
    suite.command("user", "app-password", "remove", USER, "lost")
    wait_for(lambda: not takes(suite, lost), 5, "the refusal")
    assert takes(suite, PASSWORD)


def test_a_changed_password_counts_at_once(suite):
    suite.add_user(f"bert@{DOMAIN}", "old")
    assert takes(suite, "old", f"bert@{DOMAIN}")
    suite.command("user", "passwd", f"bert@{DOMAIN}", "--password-stdin", input="new\n")
    wait_for(lambda: takes(suite, "new", f"bert@{DOMAIN}"), 5, "the new password")
    # Each worker looks four times a second whether the directory has changed.
    wait_for(lambda: not takes(suite, "old", f"bert@{DOMAIN}"), 5, "the end of the old password")


@pytest.mark.parametrize("arguments, text", [
    (["add", USER, "x", "--scope", "imap"], "'imap' is not a scope; write smtp, pop3, or smtp,pop3"),
    (["add", USER, "x", "--expires", "soon"], "'soon' is not a duration, as in 90d"),
    (["add", f"nobody@{DOMAIN}", "x"], f"no user nobody@{DOMAIN}"),
    (["add", USER, ""], "the name of an app password has 1 to 64 printable octets"),
    (["list", f"nobody@{DOMAIN}"], f"no user nobody@{DOMAIN}"),
    (["remove", USER, "x"], f"no app password x of {USER}"),
])
def test_what_is_wrong_is_said_and_nothing_is_changed(suite, arguments, text):
    before = suite.json("user", "app-password", "list", USER)
    done = suite.command("user", "app-password", *arguments, check=False)
    assert done.returncode == 1 and text in done.stderr
    assert suite.json("user", "app-password", "list", USER) == before


def test_a_domain_beyond_ascii_is_known_as_its_users_write_it(suite):
    written, user = "Anna@B\u00fc.test", "anna@xn--b-eha.test"
    suite.command("domain", "add", "b\u00fc.test")
    suite.add_user(written, PASSWORD)
    assert user in suite.command("user", "list").stdout
    assert takes(suite, PASSWORD, user)
    with smtplib.SMTP_SSL("127.0.0.1", suite.port_base + 465, timeout=30, context=unverified()) as client:
        client.ehlo()
        login = base64.b64encode(f"\0{written}\0{PASSWORD}".encode()).decode()
        assert client.docmd("AUTH", "PLAIN " + login)[0] == 235
        # Mail is from the one name as from the other.
        assert client.sendmail(user, [USER], f"From: {written}\r\n\r\nx\r\n".encode()) == {}


def test_in_the_clear_the_loopback_may_log_in_where_configured(suite):
    with suite.smtp(suite.port_base + 587) as client:
        client.ehlo()
        assert client.esmtp_features["auth"].split() == ["SCRAM-SHA-256", "PLAIN", "LOGIN"]
        client.login(USER, PASSWORD)
        client.starttls(context=unverified())
        client.ehlo()
        assert client.esmtp_features["auth"].split()[0] == "SCRAM-SHA-256-PLUS"
        assert client.mail(USER)[0] == 530  # what was said in the clear is forgotten


def test_in_the_clear_nobody_may_log_in_by_default():
    with Instance(start=False) as instance:
        instance.configure({"smtpd": {"listen": [
            {"address": f"127.0.0.1:{instance.port_base + 25}", "mode": "submission"}]}})
        instance.add_user(USER, PASSWORD)
        with instance.smtpd_alone(), instance.smtp() as client:
            client.ehlo()
            assert not client.has_extn("auth")
            assert client.docmd("AUTH", "PLAIN AGEAYg==")[0] == 538
            client.starttls(context=unverified())
            client.login(USER, PASSWORD)


def test_many_logins_at_once_are_served_or_told_to_come_again(suite):
    """More than wait for a hash at a time; none is refused as wrong, and the others go on."""
    clients = [smtplib.SMTP_SSL("127.0.0.1", suite.port_base + 465, timeout=60, context=unverified())
               for _ in range(30)]
    try:
        for client in clients:
            client.ehlo()
        for number, client in enumerate(clients):
            client.putcmd("AUTH", "PLAIN " + smtplib.encode_base64(f"\0{USER}\0wrong{number}".encode(), eol=""))
        assert takes(suite, PASSWORD)
        assert {client.getreply()[0] for client in clients} <= {535, 454}
    finally:
        for client in clients:
            client.close()


def test_nothing_tells_a_password(suite):
    text = suite.log_text()
    for one in json.dumps(suite.json("user", "app-password", "list", USER)), text:
        assert PASSWORD not in one
    assert "authentication_failed" in text


def test_the_operator_sees_who_logged_in_and_who_failed_to(suite):
    ada = f"ada@{DOMAIN}"
    suite.add_user(ada, PASSWORD)
    assert suite.json("user", "show", ada)["logins"] == {"last_login": None, "failures": 0, "last_failure": None}

    def logins():
        return suite.json("user", "show", ada)["logins"]

    assert takes(suite, PASSWORD, ada) and not takes(suite, "wrong", ada) and not takes(suite, "wrong", f"eve@{DOMAIN}")
    # smtplib tries the password by each mechanism.
    wait_for(lambda: logins()["failures"] == 2 and logins()["last_login"], what="what each worker of smtpd notes")
    assert logins()["last_login"]["client"] == logins()["last_failure"]["client"] == "127.0.0.1"
    suite.pop3(ada, PASSWORD).quit()
    wait_for(lambda: logins()["failures"] == 0, what="what pop3d notes")
    assert "from 127.0.0.1" in suite.command("user", "show", ada).stdout
    listed = {one["address"]: one for one in suite.json("user", "list")["users"]}
    assert listed[ada]["logins"]["last_login"] and f"eve@{DOMAIN}" not in listed
    suite.command("user", "remove", ada)
    suite.add_user(ada, PASSWORD)
    assert logins() == {"last_login": None, "failures": 0, "last_failure": None}
