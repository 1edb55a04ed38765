"""What an administrator does with mailboxes: mail of Dovecot and Courier keeps the unique-ids that these servers
gave it, whatever was deleted there before, and an import that is repeated brings nothing twice."""

import contextlib
import fcntl
import json
import os
import pathlib
import poplib
import shutil
import subprocess
import tempfile

import installed
import pop3_peers
import pytest
from harness import BIN, DOMAIN, Instance, wait_for

USER = f"anna@{DOMAIN}"
LOGINS = {"dovecot": pop3_peers.dovecot, "courier": pop3_peers.courier}


@pytest.fixture
def suite():
    with Instance(start=False) as made:
        made.configure({"pop3d": {"workers": 1}, "bans": {"delay": "0s"}})
        made.add_user(USER)
        yield made


@pytest.fixture
def maildir():
    """An empty one that any user may reach, and that another server may fill."""
    root = pathlib.Path(tempfile.mkdtemp(prefix="postrider-", dir="/tmp"))
    root.chmod(0o711)
    for name in ("new", "cur", "tmp"):
        (root / "Maildir" / name).mkdir(parents=True)
    yield root / "Maildir"
    shutil.rmtree(root, ignore_errors=True)


def put(maildir, number, folder="new", flags=""):
    (maildir / folder / f"{1700000000 + number}.M{number}P1.host{flags}").write_bytes(
        f"Subject: {number}\n\n.body {number}\n".encode() * number)


def ours(suite):
    return suite.directory / "mail" / DOMAIN / "anna" / "Maildir"


@contextlib.contextmanager
def pop3(suite):
    """A session at our own pop3d."""
    with suite.log.open("ab") as log:
        daemon = subprocess.Popen([str(BIN / "pop3d"), "--config", str(suite.config)], stderr=log)
    try:
        wait_for(lambda: "event=listening" in suite.log_text(), what="the listener")
        client = poplib.POP3("127.0.0.1", suite.pop3_port, timeout=20)
        client.user(USER)
        client.pass_("secret")
        yield client
        client.quit()
    finally:
        daemon.terminate()
        daemon.wait(20)
        suite.log.unlink()


def served(suite):
    """Unique-id and lines of each message, as pop3d tells them."""
    with pop3(suite) as client:
        ids = [line.decode().split()[1] for line in client.uidl()[1]]
        return [(one, client.retr(number)[1]) for number, one in enumerate(ids, 1)]


def told_by(server, maildir):
    """The same of the other server."""
    ids = pop3_peers.unique_ids(LOGINS[server](maildir, "UIDL"))
    answer = iter(LOGINS[server](maildir, *[f"RETR {number}" for number in range(1, len(ids) + 1)]))
    messages = []
    for line in answer:
        if "octets" in line:
            messages.append([text.removeprefix(".").encode() for text in iter(lambda: next(answer), ".")])
    return list(zip(ids, messages, strict=True))


def files(maildir):
    return {str(f.relative_to(maildir)): f.read_bytes() for f in maildir.rglob("*") if f.is_file()}


@installed.required
@pytest.mark.parametrize("server", LOGINS)
def test_the_unique_ids_of_another_server_are_kept(suite, maildir, server):
    for number in range(1, 7):
        put(maildir, number, *(("cur", ":2,S") if number == 2 else ()))
    before = told_by(server, maildir)
    LOGINS[server](maildir, "DELE 3", "DELE 1")
    put(maildir, 7)
    told = told_by(server, maildir)
    assert len(told) == 5 and told[:4] == [before[i] for i in (1, 3, 4, 5)]

    source = files(maildir)
    report = suite.json("mailbox", "import", USER, maildir, "--from", server)
    assert (report["imported"], report["with_unique_id"], report["problems"]) == (5, 5, 0)
    assert files(maildir) == source
    assert served(suite) == told

    again = suite.json("mailbox", "import", USER, maildir, "--from", server)
    assert (again["imported"], again["already"], again["with_unique_id"]) == (0, 5, 5)
    assert served(suite) == told


@installed.required
@pytest.mark.parametrize("server", LOGINS)
def test_a_maildir_that_was_moved_here_is_given_its_ids_where_it_lies(suite, maildir, server):
    for number in range(1, 4):
        put(maildir, number)
    told = told_by(server, maildir)
    ours(suite).parent.mkdir(parents=True)
    shutil.move(maildir, ours(suite))
    subprocess.run(["chown", "-R", f"{os.geteuid()}:{os.getegid()}", ours(suite)], check=True)
    report = suite.json("mailbox", "import", USER, ours(suite), "--from", server)
    assert (report["imported"], report["renamed"]) == (0, 3)
    assert served(suite) == told


@installed.required
@pytest.mark.parametrize("format", ["%v.%u", "%f", "%g", "%5Uf-%u", "%1v-%u", "%12Lf%04u", "%03v.%Xu"])
def test_formats_of_dovecot_give_the_ids_that_dovecot_gives(suite, maildir, format):
    for number in range(1, 13):
        put(maildir, number)
    told = pop3_peers.unique_ids(pop3_peers.dovecot(maildir, "UIDL", format=format))
    suite.json("mailbox", "import", USER, maildir, "--from", "dovecot", "--uidl-format", format)
    assert [one for one, _ in served(suite)] == told


@installed.required
def test_ids_that_dovecot_kept_of_a_server_before_it_go_first(suite, maildir):
    for number in range(1, 4):
        put(maildir, number)
    pop3_peers.dovecot(maildir, "UIDL")
    listed = maildir / "dovecot-uidlist"
    listed.write_text(listed.read_text().replace("\n2 ", "\n2 PUID7-99 ").replace("\n3 ", "\n3 P "))
    told = pop3_peers.unique_ids(pop3_peers.dovecot(maildir, "UIDL"))
    assert told[1] == "UID7-99"
    suite.json("mailbox", "import", USER, maildir, "--from", "dovecot")
    assert [one for one, _ in served(suite)] == told


def test_what_was_deleted_here_is_not_imported_again(suite, maildir):
    for number in range(1, 4):
        put(maildir, number)
    assert suite.json("mailbox", "import", USER, maildir)["imported"] == 3
    with pop3(suite) as client:
        client.dele(2)
    report = suite.json("mailbox", "import", USER, maildir)
    assert (report["imported"], report["already"], report["deleted"]) == (0, 2, 1)


def test_a_list_that_cannot_be_read_imports_nothing_and_is_named(suite, maildir):
    put(maildir, 1)
    (maildir / "dovecot-uidlist").write_text("3 V5 N3\n1 :1700000001.M1P1.host\nodd\n")
    done = suite.command("mailbox", "import", USER, maildir, "--from", "dovecot", check=False)
    assert done.returncode == 1 and f"{maildir}/dovecot-uidlist: line 3: " in done.stderr
    assert not ours(suite).exists()
    done = suite.command("mailbox", "import", USER, maildir, "--from", "dovecot", "--uidl-format", "%m",
                         check=False)
    assert done.returncode == 1 and "'%m' is not known here" in done.stderr


def test_a_mailbox_in_use_is_left_alone(suite, maildir):
    put(maildir, 1)
    suite.json("mailbox", "import", USER, maildir)
    put(maildir, 2)
    with open(ours(suite) / "postrider.pop3.lock", "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = suite.command("mailbox", "import", USER, maildir, check=False)
    assert done.returncode == 75 and "is in use by a POP3 session" in done.stderr
    assert suite.json("mailbox", "import", USER, maildir)["imported"] == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_what_root_imports_belongs_to_the_owner_of_the_mail(suite, maildir):
    put(maildir, 1)
    os.chown(suite.directory / "mail", 12345, 12346)
    suite.json("mailbox", "import", USER, maildir)
    made = [ours(suite).parent, *ours(suite).parent.rglob("*")]
    assert len(made) == 7
    assert {(f.stat().st_uid, f.stat().st_gid) for f in made} == {(12345, 12346)}


def test_a_message_whose_size_is_not_that_of_its_name_is_told_and_left_out(suite, maildir):
    put(maildir, 1)
    (maildir / "new" / "1700000002.M2P1.host,S=99").write_bytes(b"\x1f\x8b compressed")
    done = suite.command("mailbox", "import", USER, maildir, check=False)
    assert done.returncode == 1 and "1 imported" in done.stdout and "1700000002.M2P1.host,S=99: " in done.stdout


# ---- mbox, Maildir, and looking ----

def letter(number, body="Hello.\n"):
    return f"From: Bert <bert@example.org>\nSubject: letter {number}\nDate: today\n\n{body}".encode()


def filled(suite, count=3):
    box = ours(suite)
    for folder in ("new", "cur", "tmp"):
        (box / folder).mkdir(parents=True, exist_ok=True)
    for number in range(1, count + 1):
        text = letter(number, "From here\n>From there\n\n" if number == 2 else "Hello.\n")
        name = f"cur/{1700000000 + number}.M{number}P1.host:2,S" if number == 1 else \
            f"new/{1700000000 + number}.M{number}P1.host"
        (box / name).write_bytes(text)
    return box


def contents(maildir):
    return sorted(f.read_bytes() for folder in ("new", "cur") for f in (maildir / folder).iterdir())


def test_a_mailbox_goes_out_as_mbox_and_comes_back_the_same(suite):
    box, other = filled(suite), f"bert@{DOMAIN}"
    suite.add_user(other)
    target = suite.directory / "anna.mbox"
    report = suite.json("mailbox", "export", USER, "--format", "mbox", target)
    assert (report["exported"], report["problems"]) == (3, 0)
    assert b"\n>From here\n>>From there\n" in target.read_bytes()
    refused = suite.command("mailbox", "export", USER, "--format", "mbox", target, check=False)
    assert refused.returncode == 1 and "is there already" in refused.stderr

    back = suite.json("mailbox", "import", other, "--format", "mbox", target)
    assert (back["imported"], back["already"]) == (3, 0)
    assert suite.json("mailbox", "import", other, "--format", "mbox", target)["already"] == 3
    assert contents(box.parent.parent / "bert" / "Maildir") == contents(box)
    piped = suite.command("mailbox", "export", other, "--format", "mbox", "-").stdout
    assert piped.encode() == target.read_bytes()
    wrong = suite.command("mailbox", "import", other, "--format", "mbox", "-", input="no mbox\n", check=False)
    assert wrong.returncode == 1 and "does not begin with a line" in wrong.stderr


def test_an_export_that_leaves_a_file_out_says_so(suite):
    box = filled(suite)
    (box / "new" / "9.torn.h,S=40,W=50").write_text("half")
    for arguments in (("mbox", suite.directory / "anna.mbox"), ("mbox", "-"), ("maildir", suite.directory / "out")):
        partly = suite.command("mailbox", "export", USER, "--format", *arguments, check=False)
        assert partly.returncode == 1
        assert "1 files are not served and were left out" in partly.stdout + partly.stderr


def test_a_mailbox_goes_out_as_a_maildir_with_its_names(suite):
    box, target = filled(suite), suite.directory / "out"
    assert suite.json("mailbox", "export", USER, "--format", "maildir", target)["exported"] == 3
    assert suite.json("mailbox", "export", USER, "--format", "maildir", target)["already"] == 3
    assert contents(target) == contents(box)
    assert {f.name for f in (target / "cur").iterdir()} == {f.name for f in (box / "cur").iterdir()}
    suite.add_user(f"bert@{DOMAIN}")
    assert suite.json("mailbox", "import", f"bert@{DOMAIN}", target)["imported"] == 3


def test_mailboxes_are_listed_and_nothing_changes(suite):
    box = filled(suite)
    (box / "new" / "1700000009.torn.host,S=99,W=99").write_bytes(b"half")
    (box / "new" / "1700000004.M4P1.host").write_bytes(b"Subject: \x1b[31mred\n\n")
    suite.command("user", "set", USER, "--quota", "1KiB")
    before = files(ours(suite))
    (one,) = suite.json("mailbox", "list")["mailboxes"]
    assert (one["mailbox"], one["messages"], one["new"], one["seen"]) == (USER, 4, 3, 1)
    assert (one["not_served"], one["quota"], one["octets"]) == (1, 1024, sum(map(len, contents(box))) - 4)
    assert one["oldest"] == "2023-11-14T22:13:21Z"
    assert suite.json("mailbox", "list", "--domain", "example.net")["mailboxes"] == []
    told = suite.json("mailbox", "list", USER)
    assert [m["subject"] for m in told["messages"]] == ["letter 1", "letter 2", "letter 3", "\x1b[31mred"]
    assert told["messages"][0]["unique_id"] == "1700000001.M1P1.host"
    assert [m["new"] for m in told["messages"]] == [False, True, True, True]
    shown = suite.command("mailbox", "list", USER).stdout
    assert "\x1b" not in shown and "\\x1b[31mred" in shown and "1 files are not served" in shown
    assert "%" in suite.command("mailbox", "list").stdout
    assert files(ours(suite)) == before


def test_a_journal_that_is_damaged_is_logged_and_mended(suite):
    box = filled(suite)
    with pop3(suite) as client:
        client.dele(1)
    journal = box / "postrider.deleted"
    whole = journal.read_bytes()
    journal.write_bytes(b"damaged\n" + whole)
    with pop3(suite):
        (line,) = [line for line in suite.log_text().splitlines() if "event=journal_damaged" in line]
        assert f"user={USER} octets=8 " in line
        # This reader has the mailbox, and a check goes on all the same.
        checked = suite.command("--json", "mailbox", "check", USER, check=False)
    assert checked.returncode == 1
    told = json.loads(checked.stdout)
    assert [fault["path"] for fault in told["mailboxes"][0]["told"]] == ["postrider.deleted"]
    assert suite.json("mailbox", "repair", USER)["mailboxes"][0]["mended"] == 1
    assert (box / "postrider.deleted.damaged").read_bytes().startswith(b"damaged\n")
    assert suite.json("mailbox", "check", USER)["mailboxes"][0]["faults"] == 0

    journal.unlink()
    journal.mkdir()  # nobody can read it
    refused = suite.command("mailbox", "list", USER, check=False)
    assert refused.returncode == 1 and "`postrider mailbox repair` puts it aside" in refused.stderr
    assert suite.json("mailbox", "repair", USER)["mailboxes"][0]["mended"] == 1
    assert suite.json("mailbox", "list", USER)["count"] == 2
