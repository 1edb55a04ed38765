"""What time removes from mailboxes: the sweeper of pop3d, and the same by hand."""

import contextlib
import json
import os
import subprocess
import time

from harness import BIN, DOMAIN, Instance, wait_for

DAY = 86400
NOW = int(time.time())


@contextlib.contextmanager
def instance(users, run=True, **mailbox):
    """An instance of which at most pop3d runs."""
    with Instance(start=False) as suite:
        listen = [{"address": f"127.0.0.1:{suite.port_base + 110}", "tls": "none"}]
        suite.configure({"pop3d": {"listen": listen, "workers": 2},
                         "mailbox": {"sweep_interval": "1s", "sweep_rate": 1000, **mailbox}})
        for user in users:
            suite.add_user(f"{user}@{DOMAIN}")
        suite.daemon = None
        try:
            if run:
                start(suite)
            yield suite
        finally:
            if suite.daemon:
                begun = time.monotonic()
                suite.daemon.terminate()
                suite.daemon.wait(20)
                assert time.monotonic() - begun < 5


def start(suite):
    with suite.log.open("ab") as log:
        suite.daemon = subprocess.Popen([str(BIN / "pop3d"), "--config", str(suite.config)], stderr=log)
    wait_for(lambda: suite.events("listening"), what="the listener")


def put(suite, user, days, name="new/{}.M1P1.host,S=4,W=5"):
    """A message that came so many days ago."""
    box = suite.directory / f"mail/{DOMAIN}/{user}/Maildir"
    for folder in ("tmp", "new", "cur"):
        (box / folder).mkdir(parents=True, exist_ok=True)
    path = box / name.format(NOW - days * DAY)
    path.write_bytes(b"one\n")
    os.utime(path, (NOW - days * DAY,) * 2)
    return path


def test_messages_above_their_retention_go_and_the_directory_goes_before():
    with instance(["anna", "bert", "carl"], run=False, retention="30d") as suite:
        suite.command("user", "set", f"bert@{DOMAIN}", "--retention", "0d")
        suite.command("user", "set", f"carl@{DOMAIN}", "--retention", "5d")
        gone = [put(suite, "anna", 31), put(suite, "anna", 32, "cur/note:2,S"), put(suite, "carl", 6)]
        kept = [put(suite, "anna", 29), put(suite, "bert", 400), put(suite, "nobody", 400)]
        start(suite)
        wait_for(lambda: not any(path.exists() for path in gone), what="the sweep")
        wait_for(lambda: suite.events("sweep_done"))
        assert all(path.exists() for path in kept)
        swept = suite.events("mailbox_swept")
        assert len(swept) == 2
        assert any(f"user=anna@{DOMAIN} removed=2 " in line for line in swept)
        assert " unknown=1 " in suite.events("sweep_done")[-1]


def test_a_mailbox_in_use_waits_for_the_next_round():
    with instance(["anna"], run=False, retention="30d") as suite:
        old = put(suite, "anna", 31)
        start(suite)
        wait_for(lambda: not old.exists())
        reader = suite.pop3(f"anna@{DOMAIN}")
        old = put(suite, "anna", 31, "new/{}.M2P1.host,S=4,W=5")
        wait_for(lambda: any(" in_use=1 " in line for line in suite.events("sweep_done")))
        assert old.exists()
        reader.quit()
        wait_for(lambda: not old.exists(), what="the next round")


def test_what_a_crash_has_left_goes():
    with instance(["anna"], run=False) as suite:
        left = put(suite, "anna", 3, "tmp/left")
        start(suite)
        wait_for(lambda: not left.exists())
        wait_for(lambda: suite.events("mailbox_swept"))
        assert "leftovers=1" in suite.events("mailbox_swept")[0]


def test_the_same_by_hand():
    with instance(["anna", "bert"], run=False, retention="30d") as suite:
        first, second = put(suite, "anna", 31), put(suite, "bert", 31)

        def sweep(*arguments):
            return json.loads(suite.command("--json", "mailbox", "sweep", *arguments).stdout)

        told = sweep("--dry-run")
        assert (told["removed"], told["mailboxes"], told["dry_run"]) == (2, 2, True)
        assert first.exists() and second.exists()
        assert sweep(f"anna@{DOMAIN}")["swept"][0]["mailbox"] == f"anna@{DOMAIN}"
        assert not first.exists() and second.exists()
        assert "bert" in suite.command("mailbox", "sweep").stdout
        assert not second.exists()


# ---- Trash ----

def trash_of(suite, user):
    folder = suite.directory / f"mail/{DOMAIN}/{user}/Maildir/postrider.trash"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def unique_ids(client):
    return [line.decode().split()[1] for line in client.uidl()[1]]


def text(subject):
    return f"From: Bert <bert@{DOMAIN}>\nSubject: {subject}\n\nHello.\n".encode()


def test_what_a_reader_deletes_is_in_the_trash_and_comes_back():
    with instance(["anna"], trash="30d") as suite:
        user = f"anna@{DOMAIN}"
        for number in (1, 2, 3):
            put(suite, "anna", number, f"new/{{}}.M{number}P1.host").write_bytes(text(f"letter {number}"))
        client = suite.pop3(user)
        before = unique_ids(client)
        client.dele(1)
        client.dele(3)
        client.quit()
        assert len(trash_of(suite, "anna")) == 2

        told = suite.json("mailbox", "trash", user)
        assert told["count"] == 2
        assert [one["unique_id"] for one in told["messages"]] == [before[0], before[2]]
        assert [one["subject"] for one in told["messages"]] == ["letter 3", "letter 1"]
        assert told["messages"][0]["from"] == f"Bert <bert@{DOMAIN}>"
        shown = suite.command("mailbox", "trash", user).stdout
        assert "letter 1" in shown and before[0] in shown and "letter 2" not in shown

        reader = suite.pop3(user)
        assert unique_ids(reader) == [before[1]]
        refused = suite.command("mailbox", "undelete", user, "--all", check=False)
        assert refused.returncode == 75 and "is in use" in refused.stderr
        reader.quit()

        back = suite.json("mailbox", "undelete", user, before[2])
        assert (back["undeleted"], back["already"], back["problems"]) == ([before[2]], [], [])
        again = suite.json("mailbox", "undelete", user, "--since", "1h")
        assert again["undeleted"] == [before[0]]
        reader = suite.pop3(user)
        assert unique_ids(reader) == before
        reader.quit()
        assert trash_of(suite, "anna") == []
        assert suite.json("mailbox", "undelete", user, "--all")["undeleted"] == []
        assert "nothing in the trash" in suite.command("mailbox", "trash", user).stdout


def test_what_to_bring_back_must_be_said():
    with instance(["anna"], run=False, trash="30d") as suite:
        user = f"anna@{DOMAIN}"
        put(suite, "anna", 1)
        for arguments in ([], ["--all", "--since", "1h"], ["--since", "soon"], ["--all", "x"]):
            assert suite.command("mailbox", "undelete", user, *arguments, check=False).returncode == 2
        refused = suite.command("mailbox", "undelete", user, "nothing", check=False)
        assert refused.returncode == 1 and "nothing in the trash has this unique-id" in refused.stdout
        assert suite.command("mailbox", "trash", f"nobody@{DOMAIN}", check=False).returncode == 1


def test_the_directory_says_who_has_a_trash_and_the_sweeper_empties_it():
    with instance(["anna", "bert", "carl"], run=False, retention="30d", trash="10d") as suite:
        suite.command("user", "set", f"bert@{DOMAIN}", "--trash", "0d")
        for user in ("anna", "bert"):
            put(suite, user, 31)
        trash = suite.directory / f"mail/{DOMAIN}/carl/Maildir/postrider.trash"
        put(suite, "carl", 1)
        trash.mkdir()
        for days in (11, 9):
            (trash / f"T{NOW - days * DAY},{NOW - 50 * DAY}.M{days}P1.host,S=4,W=5").write_bytes(b"one\n")
        told = suite.json("mailbox", "sweep", "--dry-run")
        assert (told["removed"], told["emptied"]) == (2, 1)
        start(suite)
        wait_for(lambda: len(trash_of(suite, "carl")) == 1 and trash_of(suite, "anna"), what="the sweep")
        wait_for(lambda: suite.events("sweep_done"))
        assert trash_of(suite, "bert") == []
        assert ".M9P1." in trash_of(suite, "carl")[0]
        assert any(f"user=carl@{DOMAIN} removed=0 octets=0 emptied=1" in line for line in suite.events("mailbox_swept"))
