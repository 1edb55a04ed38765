"""postrider selftest: a message through the running suite, and what it says where a part of it is missing."""

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess

import pytest
from harness import BIN, DOMAIN, STOP_SECONDS, Instance, wait_for

DAEMONS = {"queued": [], "deliverd": ["--role", "local"], "smtpd": [], "pop3d": []}


def users(suite):
    return suite.json("user", "list")


def left_over(suite):
    return [path for path in (suite.directory / "mail").rglob("selftest-*")]


@pytest.fixture(scope="module")
def suite():
    with Instance() as running:
        yield running


def test_a_message_goes_through_in_two_seconds_and_leaves_nothing(suite):
    before = users(suite)
    answer = suite.json("selftest")
    assert answer["works"] is True
    assert [step["name"] for step in answer["steps"]] == ["submitted", "delivered", "fetched", "deleted"]
    assert answer["milliseconds"] < 2000
    assert users(suite) == before and not left_over(suite)
    wait_for(lambda: not suite.json("queue", "list")["messages"], what="an empty queue")


def test_people_are_told_each_step(suite):
    told = suite.command("selftest").stdout.splitlines()
    assert [line.split()[0] for line in told] == ["submitted", "delivered", "fetched", "deleted", "it"]


@contextlib.contextmanager
def without(daemon):
    """The suite as its daemons are started one by one, but for one."""
    with Instance(start=False) as suite, contextlib.ExitStack() as stack:
        for name, options in DAEMONS.items():
            if name == daemon:
                continue
            log = stack.enter_context(suite.log.open("ab"))
            process = subprocess.Popen([BIN / name, "--config", suite.config, *options], stderr=log)
            stack.callback(process.wait, STOP_SECONDS)
            stack.callback(process.terminate)
        wait_for(lambda: suite.command("queue", "list", check=False).returncode == 0 or daemon == "queued",
                 what="queued")
        for name, port in (("smtpd", suite.smtp_port), ("pop3d", suite.pop3_port)):
            if name != daemon:
                wait_for(lambda: is_open(suite, port), what=name)
        yield suite


def is_open(suite, port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("daemon, step, told", [
    ("smtpd", "submitted", "postrider-smtpd"),
    ("deliverd", "delivered", "postrider queue summary"),
    ("pop3d", "fetched", "postrider-pop3d")])
def test_what_does_not_work_is_named_with_where_to_look(daemon, step, told):
    with without(daemon) as suite:
        before = users(suite)
        done = suite.command("selftest", check=False)
        assert done.returncode == 75
        assert f"{step}: " in done.stderr and told in done.stderr
        assert users(suite) == before and not left_over(suite)
        if daemon != "queued":
            wait_for(lambda: not suite.json("queue", "list")["messages"], what="an empty queue")


def test_a_message_that_nobody_can_ask_for_keeps_its_user():
    with without("queued") as suite:
        done = suite.command("selftest", check=False)
        assert done.returncode == 75 and "stays until a selftest in an hour" in done.stderr
        assert "selftest-" in str(users(suite))


def test_the_delay_between_logins_is_no_failure():
    with Instance({"pop3d": {"login_delay": "30s"}}) as suite:
        assert suite.json("selftest")["works"] is True


def test_a_host_whose_mail_goes_on_by_routes_has_nothing_to_be_tested():
    routes = [{"match": match, "via": "lmtp:[127.0.0.1]:9"} for match in (DOMAIN, f".{DOMAIN}")]
    with Instance({"route": routes}) as suite:
        done = suite.command("selftest", check=False)
        assert done.returncode == 1 and "[[route]]" in done.stderr and DOMAIN in done.stderr
        suite.command("domain", "add", "second.test")
        [delivered] = [step for step in suite.json("selftest")["steps"] if step["name"] == "delivered"]
        assert "second.test" in delivered["text"]


def known_logins(suite):
    known = set()
    for service in ("smtpd", "pop3d"):
        with sqlite3.connect(suite.directory / "data" / service / "logins.db") as logins:
            known |= {(service, mailbox) for mailbox, in logins.execute("SELECT mailbox FROM logins")}
    return known


def test_what_is_known_of_its_logins_is_forgotten_by_the_next(suite):
    suite.json("selftest")
    wait_for(lambda: len(known_logins(suite)) >= 2, what="the logins, which are written behind them")
    before = known_logins(suite)
    suite.json("selftest")
    assert not before & known_logins(suite)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_test_that_is_interrupted_takes_its_user_with_it(number):
    with without("deliverd") as suite:
        before = users(suite)
        test = subprocess.Popen([BIN / "postrider", "--config", suite.config, "selftest"], stdout=subprocess.DEVNULL)
        wait_for(lambda: suite.json("queue", "list")["messages"], what="a message that waits")
        assert users(suite) != before
        test.send_signal(number)
        assert test.wait(5) == -number
        assert users(suite) == before and not left_over(suite)


def test_a_test_that_was_killed_is_tidied_up_by_one_an_hour_later(suite):
    left = "selftest-abcdefghij"
    mailboxes = [suite.directory / "mail" / DOMAIN / f"selftest-{letter * 10}" for letter in "xy"]
    for mailbox in mailboxes:
        (mailbox / "Maildir").mkdir(parents=True)
    os.utime(mailboxes[0], (0, 0))
    for name in (left, "selftest-anna"):
        suite.add_user(f"{name}@{DOMAIN}")
    suite.json("selftest")
    assert left in str(users(suite))  # another may run now
    with sqlite3.connect(suite.directory / "data/directory.db") as directory:
        directory.execute("UPDATE users SET created = created - 4000")
    suite.json("selftest")
    assert left not in str(users(suite)) and "selftest-anna" in str(users(suite))
    assert [mailbox.exists() for mailbox in mailboxes] == [False, True]
    shutil.rmtree(mailboxes[1])


def test_a_host_without_a_service_for_users_says_what_it_lacks():
    with Instance(start=False) as suite:
        suite.configure({"smtpd": {"listen": [{"address": f"127.0.0.1:{suite.smtp_port}", "mode": "mx"}]}})
        done = suite.command("selftest", check=False)
        assert done.returncode == 1 and "smtpd.listen" in done.stderr
