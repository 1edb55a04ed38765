"""The manual pages against the programs: every option, every command line that a page shows, and every excerpt of
the configuration and of other programs' files."""

import os
import pathlib
import re
import subprocess
import sys
import tomllib

import pytest
from harness import BIN, PEERS, Instance, peer, peer_environment, wait_for

sys.path.append(str(pathlib.Path(__file__).parents[1] / "lint"))
import manual  # noqa: E402

ID = "06h0fhf72804tc1pte7b"  # of the message in the examples
PASSWORD = "correct horse battery staple\n"
# What no test can run, by its first word.
NOT_RUN = {
    "certbot": "it asks an authority for a certificate",
    "journalctl": "there is no journal in a test",
    "systemctl": "there is no systemd in a test", "systemd-tmpfiles": "there is no systemd in a test",
    "postconf": "Postfix of the old host", "postfix": "Postfix of the old host", "postqueue": "Postfix of the old host",
    "rsync": "it fetches from the old host",
}
# Nothing in the instance is so old: the command says that no message fits.
STATUS = {"postrider queue expire --older-than 30d --state deferred": 1,
          # The instance of the test runs: test_backup.py has it destroyed first.
          "postrider restore /var/backups/postrider-$(date +%F)": 1}
OF_EVERY_COMMAND = {"--help"}
MESSAGE = "From: ada@example.net\r\nSubject: hello\r\n\r\nGood morning.\r\n"


def page(name):
    [found] = [one for one in manual.PAGES if one.name == name]
    return found


# ---- Options ----

def help_of(*arguments):
    done = subprocess.run([BIN / arguments[0], *arguments[1:], "--help"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done
    return done.stdout


def options_of(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", "\n".join(
        line.split("   ")[0] for line in text.splitlines() if re.match(r"  (-\w,)?--", line))))


def commands_and_options(*command):
    """Each command that has no further ones, with its options."""
    text = help_of("postrider", *command)
    below = re.search(r"^Subcommands:\n((?: +.*\n)*)", text, re.M)
    if below is None:
        return {command: options_of(text) - OF_EVERY_COMMAND}
    found = {}
    for name in re.findall(r"^  ([a-z]\S*)", below[1], re.M):
        found |= commands_and_options(*command, name)
    return found


def test_every_option_of_the_command_stands_in_its_page_and_the_reverse():
    text = re.sub(r"\\f.", "", manual.read(page("postrider.1").read_text()))
    told = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))
    offered = set().union(*commands_and_options().values()) | options_of(help_of("postrider")) - OF_EVERY_COMMAND
    assert not offered - told, f"without a word in postrider(1): {sorted(offered - told)}"
    assert not told - offered - OF_EVERY_COMMAND, f"no command has: {sorted(told - offered)}"


def test_every_command_stands_in_its_page():
    heads = re.sub(r'\\f.|["]', "", manual.read(page("postrider.1").read_text()))
    words = [set(re.findall(r"[a-z][a-z-]*", line)) for line in re.findall(r"^\.B[IR]? (.*)$", heads, re.M)]
    missing = [" ".join(command) for command in commands_and_options()
               if not any(set(command[-2:]) <= line for line in words)]
    assert not missing, missing


@pytest.mark.parametrize("program", ["smtpd", "queued", "deliverd", "pop3d"])
def test_every_option_of_a_daemon_stands_in_its_page_and_the_reverse(program):
    text = page(f"{program}.8").read_text()
    told = {"--" + name for heads in (r"^\.(?:It|Op) Fl -([a-z]+)", r"^\.It Fl -[a-z]+ , -([a-z]+)")
            for name in re.findall(heads, text, re.M)}
    offered = set(re.findall(r"--[a-z]+", help_of(program))) | {"--help", "--version"}
    assert told == offered


# ---- Command lines ----

def fill(suite, folder):
    """What the examples speak of: users, messages that wait, mailboxes of another server."""
    for user in ("anna", "admin"):
        suite.add_user(f"{user}@example.org", PASSWORD.strip())
    with suite.smtp() as client:
        client.sendmail("ada@example.net", ["anna@example.org"], MESSAGE)
        client.sendmail("ada@example.net", ["someone@friend.example"], MESSAGE)
        for sender in ("ada@example.net", "news@newsletter.example"):
            client.sendmail(sender, ["someone@partner.example"], MESSAGE)
    for user in ("anna", "bob"):
        old = folder / "old/example.org" / user / "Maildir"
        for name in ("cur", "new", "tmp"):
            (old / name).mkdir(parents=True)
        (old / "cur/1700000000.M1P1.old,S=18:2,S").write_text("Subject: old\n\nold\n")
        (old / "dovecot-uidlist").write_text("3 V1700000000 N2 G1\n1 :1700000000.M1P1.old,S=18\n")
    (folder / "users.txt").write_text("anna\nbob\n")
    [table] = manual.excerpts(page("postrider-recipes.7"), "users.csv")
    (folder / "users.csv").write_text(table)
    wait_for(lambda: suite.mailbox("anna@example.org"), what="a message")
    rest(suite)
    [waiting] = suite.json("queue", "list", "--state", "deferred", "--sender", "ada@example.net")["messages"]
    return waiting["id"]


def rest(suite):
    """Waits until nothing is attempted: what a verb fits does not depend on the moment then."""
    wait_for(lambda: not suite.json("queue", "list", "--state", "active")["messages"], what="the end of all attempts")


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The programs by their names; sendmail and mailq find the configuration as any does."""
    folder = tmp_path_factory.mktemp("bin")
    for name in ("postrider", "smtpd", "queued", "deliverd", "pop3d", "sendmail", "mailq"):
        (folder / name).symlink_to(BIN / name)
    return folder


@pytest.mark.parametrize("name", [one.name for one in manual.PAGES if manual.commands(one)])
def test_every_command_line_of_a_page_works(name, programs, tmp_path):
    suite = Instance({"hostname": "mx.example.org", "route": [
        {"match": "partner.example", "via": "smtp:[127.0.0.1]:1"},
        {"match": "friend.example", "via": "hold:"}]}, start=False)
    suite.command("domain", "add", "example.org")
    suite.command("domain", "add", "mx.example.org")
    with suite:
        suite.start()
        waiting = fill(suite, tmp_path)
        environment = {**os.environ, "POSTRIDER_CONFIG": str(suite.config), "PATH": f"{programs}:{os.environ['PATH']}"}
        wrong = []
        for command in manual.commands(page(name)):
            if command.split()[0] in NOT_RUN:
                continue
            rest(suite)
            here = command.replace(ID, waiting).replace("/srv/old/", f"{tmp_path}/old/")
            here = here.replace("/etc/postrider/postrider.toml", str(suite.config))
            here = here.replace("-o pr-relay ", "").replace("/etc/postrider/", f"{tmp_path}/")
            here = here.replace("/var/backups", str(tmp_path))
            done = subprocess.run(["sh", "-c", here], input=PASSWORD, capture_output=True, text=True, timeout=30,
                                  cwd=tmp_path, env=environment)
            if done.returncode != STATUS.get(command, 0):
                wrong.append(f"{command}\n  exit {done.returncode}: {done.stdout}{done.stderr}")
        assert not wrong, "\n".join(wrong)


def test_what_is_not_run_is_shown_somewhere():
    shown = {command.split()[0] for one in manual.PAGES for command in manual.commands(one)}
    assert NOT_RUN.keys() <= shown
    assert STATUS.keys() <= {command for one in manual.PAGES for command in manual.commands(one)}


# ---- Excerpts ----

@pytest.mark.parametrize("name, number, text", [
    (one.name, number, text) for one in manual.PAGES
    for number, text in enumerate(manual.excerpts(one, "postrider.toml"))])
def test_every_excerpt_of_the_configuration_is_right(name, number, text, tmp_path):
    file = tmp_path / "postrider.toml"
    file.write_text('hostname = "mx.example.org"\n\n' + text)
    done = subprocess.run([BIN / "postrider", "--config", file, "config", "show"], capture_output=True, text=True)
    assert done.returncode == 0, text + done.stderr


def test_the_script_of_the_nightly_backup_makes_one_and_removes_the_old(programs, tmp_path):
    [text] = manual.excerpts(page("postrider-recipes.7"), "backup.sh")
    script = tmp_path / "script"
    script.write_text(text.replace("/var/backups", str(tmp_path)))
    script.chmod(0o755)
    old = tmp_path / "postrider-2001-01-01"
    with Instance(start=False) as suite:
        environment = {**os.environ, "POSTRIDER_CONFIG": str(suite.config), "PATH": f"{programs}:{os.environ['PATH']}"}
        for status in (0, 1):  # nothing goes where the new one was not made
            old.mkdir(exist_ok=True)
            os.utime(old, (0, 0))
            done = subprocess.run([script], capture_output=True, text=True, timeout=60, env=environment)
            assert done.returncode == status, done.stdout + done.stderr
            assert old.exists() == (status == 1)
        [new] = [one for one in tmp_path.glob("postrider-*") if one != old]
        assert "nothing is wrong" in suite.command("backup", "--check", new).stdout


@pytest.mark.skipif(peer("haproxy") is None, reason="haproxy is not unpacked")
def test_the_excerpt_of_haproxy_is_right(tmp_path):
    [text] = manual.excerpts(page("postrider-recipes.7"), "haproxy.cfg")
    (tmp_path / "haproxy.cfg").write_text(text)
    done = subprocess.run([peer("haproxy"), "-c", "-f", tmp_path / "haproxy.cfg"], capture_output=True, text=True,
                          env=peer_environment())
    assert done.returncode == 0 and "WARNING" not in done.stderr, done.stdout + done.stderr


@pytest.mark.skipif(not (PEERS / "usr/bin/doveconf").exists(), reason="dovecot is not unpacked")
def test_the_excerpt_of_dovecot_is_right(tmp_path):
    [text] = manual.excerpts(page("postrider-recipes.7"), "dovecot.conf")
    # Its own users are there where it is installed.
    (tmp_path / "dovecot.conf").write_text(text + "ssl = no\ndefault_login_user = nobody\n"
                                           "default_internal_user = nobody\ndefault_internal_group = nogroup\n")
    done = subprocess.run([PEERS / "usr/bin/doveconf", "-n", "-c", tmp_path / "dovecot.conf"], capture_output=True,
                          text=True, env={**os.environ, "LD_LIBRARY_PATH": str(PEERS / "usr/lib/dovecot")})
    assert done.returncode == 0 and "unix_listener lmtp {" in done.stdout, done.stdout + done.stderr


def test_a_host_that_only_sends_starts_without_a_port():
    shown = manual.excerpts(page("postrider-recipes.7"), "postrider.toml")
    [text] = [one for one in shown if "denied_local_users" in one]
    with Instance(start=False) as suite:
        excerpt = tomllib.loads(text.replace("/run/postrider/", f"{suite.directory}/run/"))
        suite.configure(excerpt)
        suite.start()
        suite.command("-C", suite.config, "postmaster@example.test", input=MESSAGE, program="sendmail",
                      with_config=False)
        wait_for(lambda: suite.mailbox("postmaster@example.test"), what="the message")
