"""The command without a running suite: init, configuration, directory, exit statuses."""

import csv
import json
import os
import socket
import ssl
import stat
import subprocess

import pytest
from harness import BIN, Instance


@pytest.fixture
def instance():
    with Instance(start=False) as made:
        yield made


def refused(instance, status, *arguments, input=None):
    done = instance.command(*arguments, input=input, check=False)
    assert (done.returncode, done.stdout) == (status, ""), done
    return done.stderr


def test_init_makes_a_whole_instance_for_its_owner_alone(instance):
    for folder in ("spool/incoming/large", "spool/deferred", "spool/quarantine", "mail", "run", "data"):
        path = instance.directory / folder
        assert path.is_dir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((instance.directory / "tls/key.pem").stat().st_mode) == 0o600
    assert "no errors" in instance.command("config", "check").stdout
    assert instance.json("domain", "list")["domains"] == ["example.test", "mx.example.test"]


def test_init_makes_a_certificate_for_the_hostname(instance):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls = instance.directory / "tls"
    context.load_cert_chain(tls / "certificate.pem", tls / "key.pem")
    text = subprocess.run(["openssl", "x509", "-noout", "-ext", "subjectAltName,basicConstraints",
                           "-in", tls / "certificate.pem"], capture_output=True, text=True).stdout
    assert "DNS:mx.example.test" in text and "CA:FALSE" in text


def test_init_refuses_what_it_would_overwrite_and_what_cannot_be(instance):
    before = instance.config.read_text()
    options = ["--hostname", "mx.test", "--domain", "a.test", "--port-base", "20000"]
    assert "nothing was changed" in refused(instance, 1, "init", instance.directory, *options)
    assert instance.config.read_text() == before
    new = instance.root / "new"
    assert "is not a domain name" in refused(
        instance, 1, "init", new, "--hostname", "a b", "--domain", "a.test", "--port-base", "20000")
    assert not new.exists()
    done = instance.command("init", new, "--hostname", "mx.test", "--domain", "a.test",
                            "--port-base", "70000", check=False)
    assert done.returncode == 2


def test_config_shows_and_explains_every_parameter(instance):
    shown = instance.json("config", "show")
    assert shown["hostname"] == {"value": '"mx.example.test"', "default": False}
    assert shown["queue.lifetime"] == {"value": '"5d"', "default": True}
    for name in shown:
        explained = instance.json("config", "explain", name)
        assert explained["name"] == name and explained["meaning"]
    assert "did you mean `smtpd.workers`" in refused(instance, 1, "config", "explain", "smtpd.worker")


def test_a_wrong_configuration_is_exit_status_78_with_every_error(instance):
    instance.configure({"smtpd": {"worker": 2}, "queue": {"lifetime": 5}})
    errors = refused(instance, 78, "config", "check")
    assert "smtpd.worker: unknown parameter; did you mean `smtpd.workers`?" in errors
    assert "queue.lifetime: a number stands here" in errors
    for program in ("smtpd", "queued"):
        done = instance.command(program=program, check=False)
        assert done.returncode == 78 and "smtpd.worker" in done.stderr
    assert refused(instance, 78, "run") == errors


def test_the_configuration_is_found_by_option_then_by_environment(instance):
    environment = dict(os.environ, POSTRIDER_CONFIG=str(instance.config))
    done = subprocess.run([BIN / "postrider", "config", "check"], env=environment, capture_output=True)
    assert done.returncode == 0
    environment["POSTRIDER_CONFIG"] = "/nonexistent/postrider.toml"
    done = subprocess.run([BIN / "postrider", "config", "check"], env=environment, capture_output=True)
    assert done.returncode == 78


@pytest.mark.parametrize("program, arguments", [
    ("mailq", ("-C",)), ("mailq", ("--config",)), ("sendmail", ("-bp", "-C")), ("postrider", ("queue", "list", "-C")),
])
def test_the_queue_is_listed_by_every_name_with_the_configuration_named(instance, program, arguments):
    def listed(config):
        return subprocess.run([BIN / program, *arguments, config], capture_output=True, text=True, timeout=60)

    done = listed(instance.config)
    assert done.returncode == 69 and "queued is not reachable" in done.stderr
    done = listed("/nonexistent/postrider.toml")
    assert done.returncode == 78 and "/nonexistent/postrider.toml" in done.stderr


def test_programs_that_have_changed_the_aliases_of_the_host_are_answered():
    done = subprocess.run([BIN / "newaliases"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "/etc/aliases is not read" in done.stdout


def test_domains_users_and_aliases(instance):
    instance.command("domain", "add", "Example.ORG")
    added = instance.command("user", "add", "Anna@example.org", "--quota", "5GiB").stdout
    assert "with a quota of 5GiB" in added
    instance.command("user", "passwd", "anna@example.org", "--password-stdin", input="secret\n")
    instance.command("alias", "add", "info@example.org", "anna@example.org", "jo@else.test")
    users = instance.json("user", "list")["users"]
    anna = next(user for user in users if user["address"] == "anna@example.org")
    assert (anna["quota"], anna["can_log_in"], anna["apop"]) == (5 * 2**30, True, False)
    aliases = instance.json("alias", "list")["aliases"]
    assert {"address": "info@example.org", "targets": ["anna@example.org", "jo@else.test"]} in aliases
    assert "remove them first" in refused(instance, 1, "domain", "remove", "example.org")
    instance.command("alias", "remove", "info@example.org")
    instance.command("user", "remove", "anna@example.org")
    instance.command("domain", "remove", "example.org")
    assert "example.org" not in instance.json("domain", "list")["domains"]


@pytest.mark.parametrize("arguments", [
    ("domain", "add", "no domain"),
    ("user", "add", "../x@example.test"),
    ("user", "add", "anna@unknown.test"),
    ("user", "remove", "nobody@example.test"),
    ("user", "add", "anna@example.test", "--quota", "much"),
    ("alias", "add", "a@example.test", "not an address"),
    ("alias", "remove", "nobody@example.test"),
])
def test_what_is_refused_is_exit_status_1(instance, arguments):
    before = instance.json("user", "list"), instance.json("alias", "list")
    refused(instance, 1, *arguments)
    assert before == (instance.json("user", "list"), instance.json("alias", "list"))


@pytest.mark.parametrize("input", ["", "\n"])
def test_a_user_is_not_added_without_the_password_that_was_promised(instance, input):
    refused(instance, 1, "user", "add", "anna@example.test", "--password-stdin", input=input)
    assert "anna" not in instance.command("user", "list").stdout


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("user",), ("queue", "show"), ("--nonsense",)])
def test_wrong_usage_is_exit_status_2(instance, arguments):
    assert instance.command(*arguments, check=False).returncode == 2


@pytest.mark.parametrize("arguments", [
    ("status",), ("queue", "list"), ("queue", "summary"), ("queue", "retry", "--all"),
])
def test_without_queued_the_exit_status_is_69(instance, arguments):
    assert "queued is not reachable" in refused(instance, 69, *arguments)


def test_no_messages_are_chosen_by_accident(instance):
    assert "which messages" in refused(instance, 2, "queue", "delete")


def sendmail(instance, *arguments, input="Subject: x\n\nbody\n"):
    return subprocess.run([BIN / "sendmail", "-C", instance.config, *arguments], input=input,
                          capture_output=True, text=True, timeout=60)


def test_sendmail_without_a_server_says_to_try_again(instance):
    assert sendmail(instance, "anna@example.test").returncode == 75


def test_sendmail_refuses_wrong_usage(instance):
    assert sendmail(instance).returncode == 64
    assert sendmail(instance, "-bs", "anna@example.test").returncode == 64
    assert sendmail(instance, "-f").returncode == 64
    assert sendmail(instance, "-bp", "-C").returncode == 64
    assert sendmail(instance, "a\nRCPT TO:<b@example.test>").returncode == 65


def test_sendmail_sends_crlf_lines_to_the_local_socket(instance):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(instance.directory / "run" / "submit.sock"))
        server.listen()
        process = subprocess.Popen(
            [BIN / "sendmail", "-C", instance.config, "-i", "-t", "-f", "ada@example.org"],
            stdin=subprocess.PIPE, text=True)
        process.stdin.write("To: Anna <anna@example.test>,\n bert@example.test\nBcc: carl@example.test,\n"
                            " dora@example.test\nSubject: x\n\nline\n.\n.after\n")
        process.stdin.close()
        connection, _ = server.accept()
        wire = connection.makefile("rwb")

        def reply(text):
            wire.write(text.encode() + b"\r\n")
            wire.flush()

        commands = []
        reply("220 fake")
        for line in wire:
            commands.append(line.decode().strip())
            if line.startswith(b"DATA"):
                reply("354 go")
                content = b""
                while not content.endswith(b"\r\n.\r\n"):
                    content += wire.readline()
                reply("250 ok")
            elif line.startswith(b"QUIT"):
                reply("221 bye")
                break
            else:
                reply("250 ok")
        connection.close()
        assert process.wait() == 0
    assert commands[1].startswith("MAIL FROM:<ada@example.org>")
    assert [c for c in commands if c.startswith("RCPT")] == [
        f"RCPT TO:<{name}@example.test>" for name in ("anna", "bert", "carl", "dora")]
    header, _, body = content.partition(b"\r\n\r\n")
    assert body == b"line\r\n..\r\n..after\r\n.\r\n"
    assert b"From: ada@example.org\r\n" in header + b"\r\n"


def test_json_is_one_document_even_when_empty(instance):
    assert json.loads(instance.command("--json", "alias", "list").stdout)["aliases"] != []


def test_a_users_limits_come_from_the_domain_unless_they_are_the_users_own(instance):
    instance.command("domain", "add", "example.org", "--quota", "1GiB", "--messages", "1000", "--retention", "365d")
    instance.command("user", "add", "anna@example.org", "--quota", "2GiB")
    instance.command("user", "set", "anna@example.org", "--trash", "30d", "--expires", "2030-01-01", "--scope", "pop3")
    shown = instance.json("user", "show", "anna@example.org")
    assert shown["own"] == {"quota": 2**31, "quota_messages": None, "retention_days": None, "trash_days": 30}
    assert shown["in_force"] == {"quota": 2**31, "quota_messages": 1000, "retention_days": 365, "trash_days": 30}
    assert (shown["scope"], shown["expires"]) == (["pop3"], "2030-01-01T00:00:00Z")
    instance.command("user", "quota", "anna@example.org", "default")
    assert instance.json("user", "show", "anna@example.org")["quota"] == 2**30
    instance.command("user", "disable", "anna@example.org")
    assert "disabled" in instance.command("user", "show", "anna@example.org").stdout
    assert "is not a number of days" in refused(instance, 1, "user", "set", "anna@example.org", "--trash", "5h")


def test_a_domain_alias_stands_for_a_domain(instance):
    instance.command("domain", "alias", "add", "other.test", "example.test")
    assert instance.json("domain", "alias", "list")["domain_aliases"] == [
        {"domain": "other.test", "target": "example.test"}]
    assert "postmaster@example.test" in instance.command("explain", "postmaster@other.test").stdout
    assert "is an alias of another domain" in refused(
        instance, 1, "domain", "alias", "add", "third.test", "other.test")


def test_an_alias_that_leads_nowhere_is_told_of(instance):
    added = instance.command("alias", "add", "a@example.test", "b@example.test").stdout
    assert "note: b@example.test: no such user" in added
    added = instance.command("alias", "add", "b@example.test", "a@example.test").stdout
    assert "it has had its turn" in added


def test_a_password_that_is_easily_guessed_is_refused(instance):
    instance.configure({"passwords": {"min_length": 8, "common": "", "history": 2}})
    for password in ("short", "password1", "anna2026", "example.test"):
        told = refused(instance, 1, "user", "add", "anna@example.test", "--password-stdin", input=password + "\n")
        assert "the password" in told and password not in told
    assert "anna" not in instance.command("user", "list").stdout
    instance.command("user", "add", "anna@example.test", "--password-stdin", input="four words of mine\n")
    assert "used before" in refused(instance, 1, "user", "passwd", "anna@example.test", "--password-stdin",
                                    input="four words of mine\n")


def test_a_secret_for_apop_is_shown_once(instance):
    instance.command("user", "add", "anna@example.test")
    secret = instance.json("user", "apop", "anna@example.test", "--enable")["secret"]
    shown = instance.command("--json", "user", "show", "anna@example.test").stdout
    assert json.loads(shown)["apop"] and secret not in shown
    instance.command("user", "apop", "anna@example.test", "--disable")
    assert instance.command("user", "apop", "anna@example.test", check=False).returncode == 2


def test_the_directory_goes_to_a_file_and_comes_back(instance):
    instance.command("user", "add", "anna@example.test", "--password-stdin", input="secret\n")
    secret = instance.json("user", "apop", "anna@example.test", "--enable")["secret"]
    file = instance.root / "directory.json"
    instance.command("directory", "export", file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert secret not in file.read_text()
    refused(instance, 1, "directory", "export", file)
    with Instance(start=False) as other:
        other.command("directory", "import", file, "--dry-run")
        assert "anna" not in other.command("user", "list").stdout
        other.command("directory", "import", file)
        assert other.command("directory", "export").stdout == file.read_text()
        assert other.command("directory", "import", file).stdout.startswith("imported")
    document = json.loads(file.read_text())
    document["users"].append({"address": "no address", "quota": "much"})
    file.write_text(json.dumps(document))
    assert "users[2].quota: is a whole number" in refused(instance, 1, "directory", "import", file)


def test_the_directory_goes_through_a_spreadsheet(instance, tmp_path):
    table = tmp_path / "people.csv"
    table.write_text('Address,Password,Quota\r\nnew1@example.test,"correct ""horse"" battery",5GiB\r\nnew2@example.test,,\r\n')
    assert instance.command("directory", "import", table).stdout.endswith("2 users, 0 aliases\n")
    assert instance.json("user", "show", "new1@example.test")["quota"] == 5 * 2**30
    exported = tmp_path / "all.csv"
    instance.command("directory", "export", exported)
    with open(exported, newline="") as file:
        rows = {row["address"]: row for row in csv.DictReader(file)}
    assert rows["new1@example.test"]["password_hash"].startswith("$argon2id$") and not rows["new1@example.test"]["password"]
    instance.command("directory", "import", exported)
    assert instance.command("directory", "export", "--format", "csv").stdout.encode() == exported.read_bytes().replace(b"\r\n", b"\n")
    table.write_text("address,quota\r\nnew1@example.test,much\r\n")
    assert "line 2.quota: is a whole number" in refused(instance, 1, "directory", "import", table)


def test_an_answer_that_cannot_be_written_is_a_failure(instance):
    with open("/dev/full", "w") as full:
        done = subprocess.run([str(BIN / "postrider"), "--config", str(instance.config), "directory", "export"], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 75 and "No space left" in done.stderr
