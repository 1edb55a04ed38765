"""`postrider backup` of an instance under load, and `postrider restore` once it is destroyed."""

import contextlib
import fcntl
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import ssl
import stat
import subprocess
import tempfile
import termios
import threading
import time

import pytest
from harness import Instance, file_system, wait_for
from peer import Peer
from segment import flip

ANNA, BOB = "anna@example.test", "bob@example.test"
LARGE = 300 << 10
BEFORE = 60  # messages that are acknowledged before the backup begins, at least


def message(subject, size=0):
    return f"Subject: {subject}\r\n\r\ntext\r\n".encode() + b"line\r\n" * (size // 6)


def subject_of(content):
    for line in content.splitlines():
        if line.startswith(b"Subject: "):
            return line[9:].decode()
    raise AssertionError(content[:300])


def tree(folder):
    """Every file below the folder with its octets."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def destroy(suite):
    """What is left of the host is the backup."""
    suite.kill()
    shutil.rmtree(suite.directory)


@contextlib.contextmanager
def backups():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="backup-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def made():
    """An instance at rest that has run, and its backup."""
    with backups() as folder, Peer() as peer:
        peer.script["MAIL"] = lambda *_: "451 4.3.2 not now"
        with Instance({"route": [{"match": "far.test", "via": peer.route}]}) as suite:
            suite.add_user(ANNA)
            with suite.smtp() as client:
                for number in range(3):
                    client.sendmail("ada@example.org", [ANNA], message(f"for anna {number}"))
                client.sendmail("ada@example.org", ["x@far.test"], message("deferred", LARGE))
            wait_for(lambda: len(suite.mailbox(ANNA)) == 3 and suite.json("status")["deferred"] == 1)
            suite.stop()
            suite.command("backup", folder / "1")
            yield suite, folder / "1"


@pytest.fixture
def copy(made, tmp_path):
    """A copy of the backup, for a test to damage."""
    return pathlib.Path(shutil.copytree(made[1], tmp_path / "copy"))


# ---- Under load ----

class Load:
    """Mail in for anna (kept), bob (who fetches and deletes) and far.test, as long as it runs."""

    def __init__(self, suite):
        self.suite = suite
        self.acknowledged = []  # (recipient, subject), in the order of their 250
        self.fetched = []  # subjects that bob has deleted
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(n,), daemon=True) for n in range(3)]
        self._threads.append(threading.Thread(target=self._fetch, daemon=True))

    def __enter__(self):
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for one in self._threads:
            one.join(60)

    def _send(self, number):
        count = 0
        while not self._stop.is_set():
            with contextlib.suppress(OSError), self.suite.smtp() as client:
                for _ in range(10):
                    count += 1
                    subject = f"{number}-{count}"
                    recipient = [ANNA, BOB, f"{subject}@far.test"][count % 3]
                    client.sendmail("ada@example.org", [recipient],
                                    message(subject, LARGE if count % 7 == 0 else random.randrange(2000)))
                    self.acknowledged.append((recipient, subject))
                    if self._stop.wait(0.01):
                        break

    def _fetch(self):
        while not self._stop.wait(0.1):
            with contextlib.suppress(Exception):
                client = self.suite.pop3(BOB)
                subjects = []
                for number in range(1, len(client.list()[1]) + 1):
                    subjects.append(subject_of(b"\n".join(client.retr(number)[1])))
                    client.dele(number)
                client.quit()
                self.fetched += subjects


def uidls_of_files(suite, address):
    """The unique-ids by the files' names: nobody logs in as anna meanwhile."""
    user, _, domain = address.partition("@")
    maildir = suite.directory / "mail" / domain / user / "Maildir"
    return {file.name.split(",")[0].split(".")[1] for file in (maildir / "new").iterdir()}


def certificate_of(suite):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with suite.smtp() as client:
        client.starttls(context=context)
        return client.sock.getpeercert(binary_form=True)


def test_an_instance_under_load_is_destroyed_and_comes_back():
    settings = {"smtpd": {"workers": 2}, "spool": {"segment_age": "1s"},
                "queue": {"retry_interval": "1s", "retry_jitter": 0}}
    with backups() as folder, Peer() as peer:
        # A third at once, a third at a later attempt, a third never before the end.
        tried = set()

        def reply(_, argument):
            first = argument not in tried
            tried.add(argument)
            kind = int(argument.split("-")[1].split("@")[0]) % 9 // 3
            return "250 2.1.5 ok" if kind == 0 or (kind == 1 and not first) else "451 4.3.2 later"
        peer.script["RCPT"] = reply
        with Instance({**settings, "route": [{"match": "far.test", "via": peer.route}]}) as suite:
            suite.add_user(ANNA, "of anna")
            suite.add_user(BOB)
            certificate = certificate_of(suite)
            with Load(suite) as load:
                wait_for(lambda: len(load.acknowledged) > BEFORE, 60)
                before = list(load.acknowledged)
                fetched = list(load.fetched)
                time.sleep(0.5)
                known = uidls_of_files(suite, ANNA)
                answer = suite.json("backup", folder / "1")
                assert answer["problems"] == [] and answer["left_out"] == [], answer
                after = len(load.acknowledged)
                time.sleep(1)
            assert after > len(before), "nothing came while the backup was made"
            sent = {subject_of(m.content) for m in peer.messages}
            destroy(suite)
            suite.command("backup", "--check", folder / "1", with_config=False)
            restored = suite.json("restore", folder / "1")
            assert restored["configuration_restored"] and restored["files"] == answer["files"]
            # Of the machine as it is now: nothing was attempted yet.
            assert suite.json("queue", "verify")["findings"] == []
            peer.script["RCPT"] = lambda *_: "250 2.1.5 ok"
            suite.start()
            wait_for(lambda: suite.json("status")["deferred"] + suite.json("status")["active"] == 0, 60)
            assert suite.json("queue", "verify")["findings"] == []

            got = [subject_of(m) for m in suite.mailbox(ANNA)]
            wanted = {subject for recipient, subject in before if recipient == ANNA}
            assert wanted <= set(got), sorted(wanted - set(got))
            assert len(got) == len(set(got)), "a message is there twice"
            sent |= {subject_of(m.content) for m in peer.messages}
            wanted = {subject for recipient, subject in before if recipient.endswith("@far.test")}
            assert wanted <= sent, sorted(wanted - sent)
            # What bob deleted before the backup began does not come back; the rest is there or was fetched.
            bobs = [subject_of(m) for m in suite.mailbox(BOB)]
            assert not set(bobs) & set(fetched)
            wanted = {subject for recipient, subject in before if recipient == BOB}
            assert wanted <= set(bobs) | set(load.fetched), sorted(wanted - set(bobs) - set(load.fetched))
            assert len(bobs) == len(set(bobs))

            client = suite.pop3(ANNA, "of anna")
            now = {line.split()[1].decode() for line in client.uidl()[1]}
            client.quit()
            assert known <= now, "a unique-id has changed"
            assert certificate_of(suite) == certificate


def test_each_of_many_backups_under_load_is_a_spool_in_which_nothing_is_wrong():
    with backups() as folder, Peer() as peer:
        peer.script["RCPT"] = lambda _, argument: "451 4.3.2 later" if hash(argument) % 3 else "250 2.1.5 ok"
        settings = {"route": [{"match": "far.test", "via": peer.route}], "smtpd": {"workers": 2},
                    "spool": {"segment_age": "1s"}, "queue": {"retry_interval": "1s", "retry_jitter": 0}}
        with Instance(settings) as suite:
            suite.add_user(ANNA)
            suite.add_user(BOB)
            with Load(suite) as load:
                wait_for(lambda: suite.json("status")["deferred"] > 10, 60)
                begun = []
                for number in range(8):
                    begun.append(list(load.acknowledged))
                    assert suite.json("backup", folder / str(number))["problems"] == []
            for number, before in enumerate(begun):
                config = folder / f"restored-{number}" / "postrider.toml"
                suite.command("--config", config, "restore", folder / str(number), with_config=False)
                done = suite.command("--config", config, "--json", "queue", "verify", check=False, with_config=False)
                assert done.returncode == 0, done.stdout
                # Of anna nobody deletes: her mail is in her mailbox, or in the spool.
                files = tree(config.parent / "mail/example.test/anna").values()
                spool = b"".join(tree(config.parent / "spool").values())
                there = {subject_of(content) for content in files if b"Subject: " in content}
                missing = {subject for recipient, subject in before if recipient == ANNA} - there
                assert all(b"Subject: %s\r\n" % subject.encode() in spool for subject in missing), missing


def test_messages_that_move_while_they_are_copied_are_there_once():
    with backups() as folder, Instance(start=False) as suite:
        suite.add_user(ANNA)
        maildir = suite.directory / "mail/example.test/anna/Maildir"
        for name in ("new", "cur", "tmp"):
            (maildir / name).mkdir(parents=True)
        count = 400
        for number in range(count):
            (maildir / "new" / f"1700000000.M{number}.old,S=6").write_bytes(b"%06d" % number)
        stop = threading.Event()

        def move():
            chance = random.Random(1)
            while not stop.is_set():
                for place in ("new", "cur"):
                    for file in list((maildir / place).iterdir()):
                        flags = "".join(sorted(chance.sample("FRST", chance.randrange(4))))
                        file.rename(maildir / "cur" / f"{file.name.split(':')[0]}:2,{flags}")

        mover = threading.Thread(target=move)
        mover.start()
        try:
            for round in range(5):
                answer = suite.json("backup", folder / str(round))
                copied = folder / str(round) / "mail/example.test/anna/Maildir"
                contents = [file.read_bytes() for place in ("new", "cur") for file in (copied / place).iterdir()]
                assert sorted(contents) == [b"%06d" % number for number in range(count)]
                assert answer["mailbox_messages"] == count
        finally:
            stop.set()
            mover.join()


# ---- What is restored ----

def modes(folder):
    return {str(path.relative_to(folder)): (oct(path.lstat().st_mode), path.lstat().st_uid)
            for path in [folder, *folder.rglob("*")]}


def dump(database):
    connection = sqlite3.connect(database)
    lines = list(connection.iterdump())
    connection.close()
    return lines


def relevant(files):
    """Without what lives in a run directory, the trace, and what a reader or queued makes anew."""
    return {name: value for name, value in files.items()
            if not name.startswith(("run/", "data/trace/", "data/trace.db")) and "queue.db-" not in name
            and not name.endswith((".lock", "postrider.sizes", "-wal", "-shm"))}


def test_a_restore_gives_every_file_back_as_it_was(made):
    suite, backup = made
    files, kinds = relevant(tree(suite.directory)), relevant(modes(suite.directory))
    aside = suite.directory.with_name("aside")
    suite.directory.rename(aside)
    try:
        done = suite.command("restore", backup)
        assert "restored " in done.stdout and done.stderr == ""
        again = relevant(tree(suite.directory))
        different = {name for name in files if again.get(name) != files[name]}
        assert different <= {"spool/queue.db", "data/directory.db"}, different  # SQLite counts its writing
        assert dump(suite.directory / "data/directory.db") == dump(aside / "data/directory.db")
        assert again.keys() == files.keys()
        assert relevant(modes(suite.directory)) == kinds
        assert suite.json("queue", "verify")["counts"]["rows"] == 1
    finally:
        shutil.rmtree(suite.directory, ignore_errors=True)
        aside.rename(suite.directory)


def test_a_backup_is_for_its_owner_alone(made):
    for path in [made[1], *made[1].rglob("*")]:
        assert stat.S_IMODE(path.lstat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_another_configuration_says_where_it_goes(made, tmp_path):
    suite, backup = made
    config = tmp_path / "etc/other.toml"
    config.parent.mkdir()
    config.write_text(suite.config.read_text().replace('spool = "spool"', 'spool = "../queue"').replace(
        'mail = "mail"', f'mail = "{tmp_path}/mailboxes"'))
    text = config.read_text()
    done = suite.command("--config", config, "restore", backup, with_config=False)
    assert f"{config} is as it was" in done.stdout
    assert config.read_text() == text
    assert (tmp_path / "queue/queue.db").exists()
    assert len(list((tmp_path / "mailboxes/example.test/anna/Maildir/new").iterdir())) == 3
    assert (tmp_path / "etc/data/directory.db").exists() and (tmp_path / "etc/tls/key.pem").exists()


def test_mailboxes_may_be_left_to_something_else(made, tmp_path):
    suite, backup = made
    answer = suite.json("backup", tmp_path / "1", "--without-mailboxes")
    assert (answer["with_mailboxes"], answer["mailboxes"]) == (False, 0)
    assert not (tmp_path / "1/mail").exists()
    config = tmp_path / "there/postrider.toml"
    mail = tmp_path / "there/mail/example.test/anna/Maildir/new"
    mail.mkdir(parents=True)
    (mail / "1.a.b").write_text("kept")
    suite.command("--config", config, "restore", tmp_path / "1", with_config=False)
    assert (mail / "1.a.b").read_text() == "kept" and config.exists()


# ---- What is refused ----

def refused(suite, *arguments, status=1):
    done = suite.command(*arguments, check=False, with_config="--config" not in arguments)
    assert done.returncode == status, done.stdout + done.stderr
    assert done.stdout == "" and done.stderr.startswith("postrider: "), done.stdout + done.stderr
    return done.stderr


def damaged(backup, name):
    if name == "missing":
        next((backup / "mail").rglob("*/new/*")).unlink()
    elif name == "cut":
        os.truncate(backup / "spool/queue.db", 4096)
    else:
        file = next(backup.rglob(name))
        flip(file, file.stat().st_size // 2)


@pytest.mark.parametrize("name", ["missing", "cut", "directory.db", "deferred/*/*", "*S=*", "named/tls.key", "postrider.toml",
                                  "FILES.jsonl", "MANIFEST.json"])
def test_a_damaged_backup_is_refused_before_anything_is_touched(made, copy, tmp_path, name):
    suite, _ = made
    damaged(copy, name)
    done = suite.command("backup", "--check", copy, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Nothing was changed" in (text := refused(suite, "--config", tmp_path / "new/postrider.toml", "restore",
                                                     copy)) or name in ("FILES.jsonl", "MANIFEST.json",
                                                                        "postrider.toml"), text
    assert not (tmp_path / "new").exists()


def test_a_path_that_leads_out_of_the_backup_is_refused(made, copy, tmp_path):
    """Even where somebody has made all checksums right: see the fuzz driver for the rest."""
    suite, _ = made
    text = (copy / "FILES.jsonl").read_text().replace('"path":"run"', '"path":"run/../../../escaped"')
    (copy / "FILES.jsonl").write_text(text)
    refused(suite, "--config", tmp_path / "new/postrider.toml", "restore", copy)
    assert not (tmp_path / "new").exists()


def test_what_is_no_backup_is_told(made, tmp_path):
    suite, _ = made
    assert "there is no backup" in refused(suite, "restore", tmp_path)
    assert "there is no backup" in refused(suite, "backup", "--check", tmp_path / "none")
    (tmp_path / "killed.partial").mkdir()
    assert "was not finished" in refused(suite, "restore", tmp_path / "killed")


def test_nothing_is_put_over_what_is_there(made):
    suite, backup = made
    before = tree(suite.directory)
    text = refused(suite, "restore", backup)
    assert f"mv {suite.directory}/mail {suite.directory}/mail.before" in text  # all at once
    assert "is in the way" in text and f"mv {suite.spool} {suite.spool}.before" in text
    assert tree(suite.directory) == before


def test_a_file_of_the_configuration_that_is_another_is_in_the_way(made, tmp_path):
    suite, backup = made
    (tmp_path / "tls").mkdir()
    shutil.copy(backup / "named/tls.certificate", tmp_path / "tls/certificate.pem")
    (tmp_path / "tls/key.pem").write_text("another")
    config = tmp_path / "postrider.toml"
    assert f"{tmp_path}/tls/key.pem: is in the way" in refused(suite, "--config", config, "restore", backup)
    (tmp_path / "tls/key.pem").unlink()
    done = suite.command("--config", config, "restore", backup, with_config=False)
    assert "certificate.pem: was there already, and is the same" in done.stdout


def test_an_instance_that_runs_is_left_alone(made):
    _, backup = made
    with Instance() as running:
        text = refused(running, "restore", backup)
        assert "is in use" in text and "queued" in text and "Nothing was changed" in text


def test_a_folder_with_something_in_it_takes_no_backup(made, tmp_path):
    suite, backup = made
    before = tree(backup)
    assert "is there already" in refused(suite, "backup", backup)
    assert tree(backup) == before
    (tmp_path / "1").mkdir()  # an empty one does
    suite.command("backup", tmp_path / "1")
    (tmp_path / "2.partial").mkdir(mode=0o700)
    (tmp_path / "2.partial/thesis.txt").touch()
    assert "left by no backup" in refused(suite, "backup", tmp_path / "2")
    assert (tmp_path / "2.partial/thesis.txt").exists()
    assert "make that first" in refused(suite, "backup", tmp_path / "no/3")
    for name in (suite.directory / "mail/backup", os.path.relpath(suite.directory / "mail/backup")):
        assert "name a folder outside" in refused(suite, "backup", name)


def test_a_folder_that_others_could_read_or_write_takes_no_backup(made, tmp_path):
    suite, _ = made
    partial = tmp_path / "1.partial"
    partial.mkdir()
    (partial / "FILES.jsonl").touch()
    for mode in (0o755, 0o770, 0o701):
        partial.chmod(mode)
        assert "is not for you alone" in refused(suite, "backup", tmp_path / "1")
    assert (partial / "FILES.jsonl").exists()
    partial.chmod(0o700)
    suite.command("backup", tmp_path / "1")


# ---- What goes wrong on the way ----

def test_a_full_disk_leaves_nothing(made, tmp_path):
    suite, backup = made
    with file_system(tmp_path, 200 << 10):
        text = refused(suite, "backup", tmp_path / "1", status=75)
        assert "No space left on device" in text or "full" in text, text
        assert "there is no backup" in text
        assert list(tmp_path.iterdir()) == []
        text = refused(suite, "--config", tmp_path / "there/postrider.toml", "restore", backup, status=75)
        assert "taken away again" in text
        assert list(tmp_path.iterdir()) == []


def test_a_backup_that_was_killed_is_named_and_removed_by_the_next(made, tmp_path):
    suite, _ = made
    maildir = suite.directory / "mail/example.test/many/Maildir/cur"
    maildir.mkdir(parents=True)
    try:
        for number in range(3000):
            (maildir / f"1.{number}.host,S=1").write_text("x")
        process = subprocess.Popen([suite.programs / "postrider", "--config", suite.config, "backup", tmp_path / "1"],
                                   stdout=subprocess.DEVNULL)
        wait_for((tmp_path / "1.partial/mail").exists)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert (tmp_path / "1.partial").exists() and not (tmp_path / "1").exists()
        done = suite.command("backup", tmp_path / "1")
        assert f"removed {tmp_path}/1.partial" in done.stdout
        assert sorted(path.name for path in tmp_path.iterdir()) == ["1"]
    finally:
        shutil.rmtree(maildir.parents[1])


def test_two_backups_to_one_place_do_not_mix(made, tmp_path):
    suite, _ = made
    partial = tmp_path / "1.partial"
    partial.mkdir(mode=0o700)
    (partial / "FILES.jsonl").touch()
    holder = os.open(partial, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    assert "another backup" in refused(suite, "backup", tmp_path / "1", status=75)
    os.close(holder)
    suite.command("backup", tmp_path / "1")


def test_content_that_is_missing_is_told_and_the_rest_is_saved(made, tmp_path):
    suite, _ = made
    spool = tmp_path / "there/spool"
    config = tmp_path / "there/postrider.toml"
    suite.command("--config", config, "restore", made[1], with_config=False)
    [deferred] = [path for path in (spool / "deferred").rglob("*") if path.is_file()]
    deferred.unlink()
    done = suite.command("--config", config, "--json", "backup", tmp_path / "1", check=False, with_config=False)
    assert done.returncode == 1 and str(deferred) in done.stdout
    assert len(list((tmp_path / "1/mail/example.test/anna/Maildir/new").iterdir())) == 3


def test_a_database_of_a_daemon_that_cannot_be_read_is_told_and_the_rest_is_saved(made, tmp_path):
    suite, backup = made
    config = tmp_path / "there/postrider.toml"
    suite.command("--config", config, "restore", backup, with_config=False)
    data = config.parent / "data"
    (data / "counts.db").write_bytes(b"no database" * 1000)
    deep = data / "1/2/3/4/5/6"
    deep.mkdir(parents=True)
    done = suite.command("--config", config, "--json", "backup", tmp_path / "1", check=False, with_config=False)
    assert done.returncode == 1 and "counts.db" in done.stdout, done.stdout + done.stderr
    assert "is more than 4 folders deep" in done.stdout
    suite.command("backup", "--check", tmp_path / "1", with_config=False)
    assert (tmp_path / "1/data/directory.db").exists()
    (data / "directory.db").rename(tmp_path / "directory.db")
    (data / "directory.db").symlink_to(tmp_path / "directory.db")
    done = suite.command("--config", config, "--json", "backup", tmp_path / "2", check=False, with_config=False)
    assert done.returncode == 1 and "directory.db: is no file" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing_of_a_backup_or_a_restore(made, tmp_path, number):
    suite, _ = made
    maildir = suite.directory / "mail/example.test/many/Maildir/cur"
    maildir.mkdir(parents=True)

    def interrupted(*arguments, when):
        process = subprocess.Popen([suite.programs / "postrider", *arguments], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        wait_for(when)
        process.send_signal(number)
        _, text = process.communicate(timeout=30)
        assert process.returncode == 75 and f"ended by signal {number}" in text, text
    try:
        for count in range(10000):
            (maildir / f"1.{count}.host,S=1").write_text("x")
        interrupted("--config", suite.config, "backup", tmp_path / "1", when=(tmp_path / "1.partial/mail").exists)
        assert list(tmp_path.iterdir()) == []
        suite.command("backup", tmp_path / "1")
        there = tmp_path / "there"
        interrupted("--config", there / "postrider.toml", "restore", tmp_path / "1", when=(there / "mail").exists)
        assert not there.exists()
    finally:
        shutil.rmtree(maildir.parents[1])


def test_a_terminal_that_goes_away_ends_a_restore_as_a_signal_does(made, tmp_path):
    suite, _ = made
    maildir = suite.directory / "mail/example.test/many/Maildir/cur"
    maildir.mkdir(parents=True)
    try:
        for count in range(10000):
            (maildir / f"1.{count}.host,S=1").write_text("x")
        suite.command("backup", tmp_path / "1")
    finally:
        shutil.rmtree(maildir.parents[1])
    there = tmp_path / "there"
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [suite.programs / "postrider", "--config", there / "postrider.toml", "restore", tmp_path / "1"],
        stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0))
    os.close(theirs)
    wait_for((there / "mail").exists)
    os.close(ours)
    assert process.wait(30) == 75
    assert not there.exists()


def test_a_directory_whose_writer_was_killed_is_mended_and_saved(made, tmp_path):
    suite, backup = made
    config = tmp_path / "there/postrider.toml"
    suite.command("--config", config, "restore", backup, with_config=False)
    database = config.parent / "data/directory.db"
    before = dump(database)
    connection = sqlite3.connect(database, isolation_level=None)
    for line in ("PRAGMA cache_size=1", "BEGIN", "CREATE TABLE filler (text TEXT)"):
        connection.execute(line)
    for _ in range(200):
        connection.execute("INSERT INTO filler VALUES (?)", ("x" * 3000,))
    for name in (database, database.with_name("directory.db-journal")):
        shutil.copy(name, tmp_path)
    connection.close()
    for name in ("directory.db", "directory.db-journal"):
        shutil.copy(tmp_path / name, database.with_name(name))
    suite.command("--config", config, "backup", tmp_path / "1", with_config=False)
    for name in (database, tmp_path / "1/data/directory.db"):
        assert dump(name) == before
        assert name.read_bytes()[18:20] == b"\1\1", "no rollback journal: who may only read it cannot"
