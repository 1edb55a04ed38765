"""`postrider queue verify` on spools of the real programs: a whole one, in use and at rest, and one in
which each kind of thing is wrong once."""

import json
import os
import shutil
import sqlite3
import threading

import pytest
from harness import Instance, wait_for
from peer import Peer
from segment import DONE_ENTRY, DONE_HEADER, flip, records

ANNA = "anna@example.test"
LARGE = 300 << 10


def message(subject, size=0):
    return f"Subject: {subject}\r\n\r\ntext of {subject}\r\n".encode() + b"line\r\n" * (size // 6)


def verify(suite, status=1):
    done = suite.command("--json", "queue", "verify", check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return json.loads(done.stdout)


def kinds(answer):
    return sorted(finding["kind"] for finding in answer["findings"])


def snapshot(folder):
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def killed():
    """A suite that was killed with mail of both generations: two deferred messages, and a segment with
    those two, one that is finished, and two that are open."""
    with Peer() as peer:
        peer.script["MAIL"] = lambda _, argument: None if "stay" in argument else "451 4.3.2 not now"
        with Instance({"route": [{"match": "far.test", "via": peer.route}], "smtpd": {"workers": 1}}) as made:
            made.add_user(ANNA)
            with made.smtp() as client:
                client.sendmail("defer@example.org", ["x@far.test"], message("deferred"))
                client.sendmail("defer@example.org", ["x@far.test"], message("deferred large", LARGE))
                wait_for(lambda: made.json("status")["deferred"] == 2)
                client.sendmail("ada@example.org", [ANNA], message("finished"))
                wait_for(lambda: made.mailbox(ANNA) and made.json("status")["active"] == 0)
                client.sendmail("stay@example.org", ["x@far.test"], message("young"))
                client.sendmail("stay@example.org", ["x@far.test"], message("young large", LARGE))
                wait_for(lambda: made.json("status")["active"] == 2)
            made.kill()
            made.spool.rename(made.root / "kept")
            yield made


@pytest.fixture
def suite(killed):
    """The suite with its spool as it was when it was killed."""
    shutil.copytree(killed.root / "kept", killed.spool)
    yield killed
    shutil.rmtree(killed.spool)


def test_a_spool_that_was_killed_is_whole_and_nothing_is_written(suite):
    before = snapshot(suite.spool)
    answer = verify(suite, 0)
    assert answer["findings"] == []
    counts = answer["counts"]
    assert (counts["records"], counts["open_records"], counts["rows"], counts["deferred_files"]) == (5, 2, 2, 2)
    assert counts["large_files"] == 1 and counts["content_octets"] > 2 * LARGE
    assert {p: s for p, s in snapshot(suite.spool).items() if not p.name.startswith("queue.db-")} == \
        {p: s for p, s in before.items() if not p.name.startswith("queue.db-")}


def test_a_spool_at_rest_is_read_without_anything_made_beside_it(suite):
    suite.start()
    wait_for(lambda: suite.json("status")["deferred"] == 2)
    suite.stop()
    before = snapshot(suite.spool)
    assert verify(suite, 0)["findings"] == []
    assert snapshot(suite.spool) == before


def deferred(suite):
    """The deferred files, the small one first."""
    return sorted((suite.spool / "deferred").glob("*/*"), key=lambda path: path.stat().st_size)


def young(suite):
    [segment] = (suite.spool / "incoming").glob("smtpd*.seg")
    return segment, records(segment)


def damage_record(suite):
    segment, found = young(suite)
    flip(segment, found[3].content + 3)
    return f"{segment}@{found[3].offset}"


def damage_last_record(suite):
    segment, found = young(suite)
    os.truncate(segment, found[4].end)
    flip(segment, found[4].offset + 20)
    return f"{segment}@{found[4].offset}"


def damage_header(suite):
    segment, _ = young(suite)
    flip(segment, 17)
    return str(segment)


def repeat_segment(suite):
    segment, found = young(suite)
    copy = segment.with_name("restored-" + segment.name)
    shutil.copy(segment, copy)
    shutil.copy(f"{segment}.done", f"{copy}.done")
    return f"{segment}@{found[3].offset}"  # of the two, the one whose name comes last


def damage_done(suite):
    segment, _ = young(suite)
    flip(segment.with_name(segment.name + ".done"), DONE_HEADER + 5)
    return f"{segment}.done"


def foreign_entry(suite):
    segment, _ = young(suite)
    with segment.open("r+b") as file:
        file.truncate(records(segment)[1].offset)
    return f"{segment}.done"


def done_alone(suite):
    segment, _ = young(suite)
    shutil.copy(f"{segment}.done", segment.with_name("gone.seg.done"))
    return str(segment.with_name("gone.seg.done"))


def unfinished(suite):
    (suite.spool / "incoming/smtpd0-1.seg.new").touch()
    return str(suite.spool / "incoming/smtpd0-1.seg.new")


def large(suite):
    [path] = (suite.spool / "incoming/large").iterdir()
    return path


def damage_large(suite):
    flip(large(suite), 1000)
    return str(large(suite))


def lose_large(suite):
    path = large(suite)
    path.unlink()
    return str(path)


def orphan_large(suite):
    copy = large(suite).with_name("0" * 20)
    copy.write_bytes(b"x")
    return str(copy)


def damage_deferred(suite):
    flip(deferred(suite)[0], 5)
    return str(deferred(suite)[0])


def cut_deferred(suite):
    os.truncate(deferred(suite)[1], 1000)
    return str(deferred(suite)[1])


def lose_deferred(suite):
    path = deferred(suite)[0]
    path.unlink()
    return str(path)


def edit(suite, sql, *values):
    database = sqlite3.connect(suite.spool / "queue.db")
    database.execute(sql, values)
    database.commit()
    database.close()


def lose_row(suite):
    path = deferred(suite)[0]
    edit(suite, "DELETE FROM recipient WHERE message = ?", path.name)
    edit(suite, "DELETE FROM message WHERE id = ?", path.name)
    return str(path)


def damage_row(suite):
    name = deferred(suite)[0].name
    edit(suite, "UPDATE message SET envelope = x'ff' WHERE id = ?", name)
    return f"{suite.spool}/queue.db row {name}"


def recipient_alone(suite):
    name = deferred(suite)[0].name
    deferred(suite)[0].unlink()
    edit(suite, "DELETE FROM message WHERE id = ?", name)
    return f"{suite.spool}/queue.db"


def damage_database(suite):
    edit(suite, "PRAGMA wal_checkpoint(TRUNCATE)")
    path = suite.spool / "queue.db"
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(os.stat(path).st_size - 4096))
    return str(path)


def not_a_database(suite):
    path = suite.spool / "queue.db"
    for log in suite.spool.glob("queue.db-*"):
        log.unlink()
    path.write_bytes(b"x" * 5000)
    return str(path)


def newer_database(suite):
    edit(suite, "PRAGMA user_version = 99")
    return str(suite.spool / "queue.db")


def lose_database(suite):
    for path in suite.spool.glob("queue.db*"):
        path.unlink()
    return str(deferred(suite)[0])


def stranger(suite):
    (suite.spool / "deferred/README").write_text("what is this?")
    return str(suite.spool / "deferred/README")


WRONG = [
    (damage_record, {"record_damaged"}), (damage_last_record, {"record_torn", "large_without_record"}),
    (damage_header, {"segment_damaged", "large_without_record"}),
    (repeat_segment, {"record_twice"}), (damage_done, {"done_damaged"}),
    (foreign_entry, {"done_without_record", "large_without_record"}), (done_alone, {"done_without_segment"}),
    (unfinished, {"segment_unfinished"}), (damage_large, {"large_damaged"}), (lose_large, {"large_missing"}),
    (orphan_large, {"large_without_record"}), (damage_deferred, {"content_damaged"}),
    (cut_deferred, {"content_damaged"}), (lose_deferred, {"row_without_content"}),
    (lose_row, {"content_without_row"}), (damage_row, {"row_damaged"}),
    (recipient_alone, {"database_damaged"}), (damage_database, {"database_damaged"}),
    (not_a_database, {"database_damaged"}), (newer_database, {"database_newer"}),
    (lose_database, {"content_without_row"}), (stranger, {"foreign_file"}),
]


@pytest.mark.parametrize("do, expected", WRONG, ids=[do.__name__ for do, _ in WRONG])
def test_what_is_wrong_is_found_where_it_is(suite, do, expected):
    where = do(suite)
    answer = verify(suite)
    assert set(kinds(answer)) == expected, answer
    assert where in [finding["where"] for finding in answer["findings"]], answer
    assert all(finding["reason"] and finding["mend"] for finding in answer["findings"])
    text = suite.command("queue", "verify", check=False).stdout
    assert where in text and "to mend: " in text and text.endswith(" found\n")


def test_a_spool_in_use_raises_no_false_alarm():
    with Peer() as peer:
        peer.script["RCPT"] = lambda _, argument: "451 4.3.2 later" if hash(argument) % 3 else "250 2.1.5 ok"
        settings = {"route": [{"match": "far.test", "via": peer.route}], "smtpd": {"workers": 2},
                    "spool": {"segment_age": "1s"}, "queue": {"retry_interval": "1s", "retry_jitter": 0}}
        with Instance(settings) as suite:
            suite.add_user(ANNA)
            stop = threading.Event()

            def send(number):
                count = 0
                while not stop.is_set():
                    with suite.smtp() as client:
                        for _ in range(20):
                            count += 1
                            recipient = [ANNA, f"{number}-{count}@far.test"][count % 2]
                            client.sendmail("ada@example.org", [recipient],
                                            message(f"{number}-{count}", LARGE if count % 10 == 0 else 100))

            clients = [threading.Thread(target=send, args=(n,), daemon=True) for n in range(4)]
            for one in clients:
                one.start()
            wait_for(lambda: suite.json("status")["deferred"] > 10)
            answers = [verify(suite, 0) for _ in range(8)]
            stop.set()
            for one in clients:
                one.join(30)
            assert all(answer["findings"] == [] for answer in answers)
            assert max(answer["counts"]["rows"] for answer in answers) > 10
            assert max(answer["counts"]["records"] for answer in answers) > 10
