"""A spool that a disk has damaged or a stranger has written in: what is whole is delivered once, what is
not is kept for people, and the log says where it was."""

import contextlib
import json
import os
import sqlite3

import pytest
from harness import Instance, wait_for
from peer import Peer
from segment import DONE_ENTRY, DONE_HEADER, SEGMENT_HEADER, flip, records

ANNA = "anna@example.test"
LARGE = 300 << 10


def message(subject, size=0):
    return f"Subject: {subject}\r\n\r\ntext of {subject}\r\n".encode() + b"line\r\n" * (size // 6)


def subjects(suite):
    return sorted(one.split(b"Subject: ")[1].split(b"\n")[0].decode() for one in suite.mailbox(ANNA))


@pytest.fixture
def suite():
    with Instance({"smtpd": {"workers": 1}}, start=False) as made:
        made.add_user(ANNA)
        yield made


def accept(suite, *messages):
    """Has smtpd take them in, in that order, and gives the segment in which they stay."""
    incoming = suite.spool / "incoming"
    before = set(incoming.glob("*.seg"))
    with suite.smtpd_alone(), suite.smtp() as client:
        for one in messages:
            client.sendmail("ada@example.org", [ANNA], one)
    [segment] = set(incoming.glob("*.seg")) - before
    return segment


def quarantined(suite):
    return {path.name for path in (suite.spool / "quarantine").iterdir()}


def told_to_sender(suite):
    """The reports to the sender, whether they can be delivered or not."""
    return [line for line in suite.events("report") if "to=ada@example.org" in line]


def spool_is_empty(suite):
    """Whether nothing but what queued and smtpd now write is in incoming/."""
    return not list((suite.spool / "incoming/large").iterdir())


def test_a_flipped_bit_costs_its_own_message_alone(suite):
    damaged = {}
    for position in (0, 1, 2):
        for part in ("header", "envelope", "content"):
            names = [f"{part}-{position}-{n}" for n in range(3)]
            segment = accept(suite, *map(message, names))
            record = records(segment)[position]
            flip(segment, {"header": record.offset + 17, "envelope": record.envelope + 5,
                           "content": record.content + 12}[part])
            damaged[names[position]] = (segment.name, record.offset)
    suite.start()
    whole = sorted(f"{part}-{p}-{n}" for part in ("header", "envelope", "content")
                   for p in range(3) for n in range(3) if n != p)
    wait_for(lambda: subjects(suite) == whole, what="the whole messages, once")
    wait_for(lambda: len(suite.events("record_corrupt")) == 6 and len(told_to_sender(suite)) == 3)
    kept = {}
    for subject, (segment, offset) in damaged.items():
        event = "message_corrupt" if subject.startswith("content") else "record_corrupt"
        [line] = [line for line in suite.events(event) if f"segment={segment} offset={offset} " in line]
        assert "damaged on the disk" in line
        kept[subject] = f"{segment}@{offset}"
        if event == "message_corrupt":  # the envelope says whom to tell
            kept[subject] = line.split(" id=")[1].split()[0]
            assert any(f"of={kept[subject]} " in told for told in told_to_sender(suite))
        assert message(subject)[-12:] in (suite.spool / "quarantine" / kept[subject]).read_bytes()
    assert quarantined(suite) == set(kept.values())
    suite.restart()
    assert subjects(suite) == whole
    assert len(suite.events("record_corrupt")) == 6 and len(suite.events("message_corrupt")) == 3


def test_a_damaged_content_is_noticed_when_it_is_delivered(suite):
    segment = accept(suite, message("first"), message("large", LARGE), message("last"))
    [large] = (suite.spool / "incoming/large").iterdir()
    flip(large, 1000)
    suite.start()
    wait_for(lambda: subjects(suite) == ["first", "last"])
    [line] = wait_for(lambda: suite.events("message_corrupt"))
    assert f"id={large.name} segment={segment.name} offset={records_offset(line)} " in line
    wait_for(lambda: spool_is_empty(suite))
    kept = suite.spool / "quarantine" / large.name
    assert kept.stat().st_size == len(message("large", LARGE))
    suite.restart()
    assert subjects(suite) == ["first", "last"] and len(suite.events("message_corrupt")) == 1


def records_offset(line):
    return int(line.split("offset=")[1].split(" ")[0])


def test_a_content_damaged_under_a_running_queue_keeps_that_message_alone(suite):
    with Peer() as peer:
        peer.script["MAIL"] = lambda _, __: wait_for(lambda: peer.script.get("go"), 60) and "250 ok"
        suite.configure({"route": [{"match": "far.test", "via": peer.route}],
                         "deliverd": {"connections_per_host": 1}})
        suite.start()
        with suite.smtp() as client:
            for n in range(3):
                client.sendmail("ada@example.org", ["x@far.test"], message(f"far{n}"))
        wait_for(lambda: ("MAIL", "") in [(c, "") for c, _ in peer.commands])
        [segment] = (suite.spool / "incoming").glob("smtpd*.seg")
        record = records(segment)[1]
        flip(segment, record.content + 12)
        peer.script["go"] = True
        wait_for(lambda: len(peer.messages) == 2 and suite.events("message_corrupt"))
        [line] = suite.events("message_corrupt")
        assert f"segment={segment.name} offset={record.offset} " in line
        kept = (suite.spool / "quarantine" / line.split(" id=")[1].split(" ")[0]).read_bytes()
        assert b"text of far1" in kept and b"text of far2" not in kept
        assert sorted(b"far%d" % n in m.content for m in peer.messages for n in (0, 2)) == \
            [False, False, True, True]


def test_a_damaged_done_file_delivers_nothing_twice(suite):
    with Peer() as peer:
        peer.script["MAIL"] = lambda _, __: None
        suite.configure({"route": [{"match": "far.test", "via": peer.route}]})
        suite.start()
        with suite.smtp() as client:
            for n in range(4):
                client.sendmail("ada@example.org", [ANNA], message(f"local{n}"))
            client.sendmail("ada@example.org", ["x@far.test"], message("far"))
        incoming = suite.spool / "incoming"
        # Those that were delivered stand in the .done file, which the one that was not keeps there.
        wait_for(lambda: [d for d in incoming.glob("*.done") if d.stat().st_size == DONE_HEADER + 4 * DONE_ENTRY])
        suite.kill()
        [done] = incoming.glob("*.done")
        flip(done, DONE_HEADER + 3)
        flip(done, DONE_HEADER + DONE_ENTRY + 17)
        with done.open("r+b") as file:
            file.truncate(DONE_HEADER + 4 * DONE_ENTRY - 5)
        del peer.script["MAIL"]
        suite.start()
        wait_for(lambda: peer.messages)
        wait_for(lambda: not list(incoming.glob("*.done")), 30, "the end of the segment")
        assert subjects(suite) == [f"local{n}" for n in range(4)]
        assert len(suite.events("done_file_damaged")) == 1
        assert done.name.removesuffix(".done") in suite.events("done_file_damaged")[0]


def test_a_segment_cut_anywhere_gives_the_messages_before_the_cut(suite):
    cuts = {}
    places = ["empty", "in the segment's header", "after it", "in a record's header", "in an envelope",
              "in a content", "before the last octet", "before the seal"]
    for number, place in enumerate(places):
        segment = accept(suite, message(f"{number}-0"), message(f"{number}-1"))
        first, second = records(segment)
        cut = {"empty": 0, "in the segment's header": 13, "after it": SEGMENT_HEADER,
               "in a record's header": second.offset + 20, "in an envelope": second.envelope + 9,
               "in a content": second.content + 3, "before the last octet": second.end - 1,
               "before the seal": second.end + -second.end % 8}[place]
        os.truncate(segment, cut)
        cuts[segment.name] = (first, second, cut, number)
    suite.start()
    whole = sorted(f"{number}-{n}" for first, second, cut, number in cuts.values()
                   for n, record in enumerate((first, second)) if cut >= record.end)
    wait_for(lambda: subjects(suite) == whole)
    assert "4-0" in whole and "4-1" not in whole and "7-1" in whole
    # What is left of a record is kept, and said to be what a crash leaves.
    expected = {f"{name}@{second.offset}" for name, (_, second, cut, _) in cuts.items()
                if second.offset < cut < second.end}
    expected |= {name for name, (_, _, cut, _) in cuts.items() if cut < SEGMENT_HEADER}
    wait_for(lambda: quarantined(suite) == expected)
    torn = suite.events("record_corrupt")
    assert len(torn) == 4 and all("crash" in line for line in torn)
    assert len(suite.events("segment_corrupt")) == 2
    wait_for(lambda: not set(p.name for p in (suite.spool / "incoming").iterdir()) & set(cuts))


def test_strangers_in_the_incoming_folder_are_set_aside(suite):
    segment = accept(suite, message("real"))
    incoming = suite.spool / "incoming"
    octets = segment.read_bytes()
    for name in ("smtpd0-garbage.seg", ".seg", os.fsdecode(b"smtpd0-\xff\n.seg"), "no-header.seg"):
        (incoming / name).write_bytes(os.urandom(5000))
    (incoming / "a copy.seg").write_bytes(octets)  # the same message again, whole
    (incoming / "zeros.seg").write_bytes(bytes(100000))
    (incoming / "README").write_text("not a segment\n")
    (incoming / "folder.seg").mkdir()
    (incoming / "loop.seg").symlink_to("loop.seg")
    os.mkfifo(incoming / "pipe.seg")
    (incoming / "gone.seg.done").write_bytes(b"x" * 77)
    (incoming / "large/README").write_text("not a message\n")
    with (incoming / "hollow.seg").open("wb") as hollow:
        hollow.write(octets[:SEGMENT_HEADER])
        hollow.truncate(64 << 20)
    suite.start()
    wait_for(lambda: subjects(suite) == ["real"])
    wait_for(lambda: len(suite.events("segment_corrupt")) == 5)
    assert suite.process.poll() is None
    assert {"smtpd0-garbage.seg", ".seg", "no-header.seg", "zeros.seg"} <= quarantined(suite)
    assert (incoming / "README").exists() and (incoming / "large/README").exists()
    assert not (incoming / "gone.seg.done").exists()
    assert not [line for line in suite.log_text().splitlines() if "daemon_died" in line]
    with suite.smtp() as client:
        client.sendmail("ada@example.org", [ANNA], message("later"))
    wait_for(lambda: subjects(suite) == ["later", "real"])


@pytest.fixture
def deferring():
    """A suite with 300 deferred messages for a server that answers later, which is given as well."""
    with Peer() as peer:
        peer.script["MAIL"] = lambda _, __: "451 4.3.2 later" if not peer.script.get("go") else "250 ok"
        settings = {"route": [{"match": "far.test", "via": peer.route}], "smtpd": {"workers": 1}}
        with Instance(settings) as made:
            made.add_user(ANNA)
            with made.smtp() as client:
                for n in range(300):
                    client.sendmail("ada@example.org", ["x@far.test"], message(f"far{n}"))
            wait_for(lambda: made.json("status")["deferred"] == 300)
            yield made, peer


def overwrite(database, pages):
    with database.open("r+b") as file:
        for page in pages:
            file.seek(page * 4096)
            file.write(os.urandom(4096))


def leaves_of(database, table):
    """The numbers, from 0, of the pages that hold rows of a table."""
    with contextlib.closing(sqlite3.connect(database)) as opened:
        return [page - 1 for (page,) in opened.execute(
            "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY pageno", (table,))]


def serves(suite, number):
    with suite.smtp() as client:
        client.sendmail("ada@example.org", [ANNA], message(f"local{number}"))
    wait_for(lambda: f"local{number}" in subjects(suite))


def test_a_damaged_deferred_content_is_quarantined_and_its_sender_told(deferring):
    suite, peer = deferring
    suite.stop()
    contents = sorted((suite.spool / "deferred").glob("*/*"))
    damaged = contents[::100]
    for path in damaged:
        flip(path, 20)
    peer.script["go"] = True
    suite.start()
    suite.command("queue", "retry", "--all")
    wait_for(lambda: len(peer.messages) >= len(contents) - len(damaged))
    wait_for(lambda: len(suite.events("message_corrupt")) == len(damaged))
    assert quarantined(suite) == {path.name for path in damaged}
    for path in damaged:
        assert [line for line in suite.events("bounced") if f"id={path.name} " in line]
        assert [line for line in suite.events("report") if f"of={path.name} " in line]
        assert not path.exists()
    assert len({m.content for m in peer.messages}) == len(contents) - len(damaged) == len(peer.messages)


def test_a_queue_db_that_is_damaged_at_the_start_is_set_aside_and_the_rest_carried_over(deferring):
    suite, peer = deferring
    suite.stop()
    database = suite.spool / "queue.db"
    leaves = leaves_of(database, "message")
    overwrite(database, [leaves[len(leaves) // 2]])
    suite.start()
    serves(suite, 1)
    # A page deep in a table is met when its messages are due.
    suite.command("queue", "retry", "--all", check=False)
    peer.script["go"] = True
    [line] = wait_for(lambda: suite.events("queue_db_replaced"))
    carried_over = int(line.split("carried_over=")[1].split(" ")[0])
    assert 200 < carried_over < 300 and str(suite.spool / "quarantine/queue.db-") in line
    serves(suite, 2)
    wait_for(lambda: suite.command("queue", "retry", "--all", check=False).returncode in (0, 1))
    wait_for(lambda: len({m.content for m in peer.messages}) == carried_over, 40)
    wait_for(lambda: not suite.json("queue", "list")["messages"])
    verified = json.loads(suite.command("--json", "queue", "verify", check=False).stdout)
    assert {finding["kind"] for finding in verified["findings"]} == {"content_without_row"}
    assert verified["finding_count"] == 300 - carried_over
    assert len(suite.events("queue_db_replaced")) == 1


def test_a_queue_db_that_is_no_database_is_set_aside(deferring):
    suite, _ = deferring
    suite.stop()
    (suite.spool / "queue.db").write_bytes(os.urandom(40960))
    suite.start()
    serves(suite, 1)
    [line] = suite.events("queue_db_replaced")
    assert "carried_over=0" in line
    suite.restart()
    serves(suite, 2)
    assert len(suite.events("queue_db_replaced")) == 1


def test_spools_of_newer_releases_are_refused_and_not_touched(deferring):
    suite, _ = deferring
    suite.stop()
    with sqlite3.connect(suite.spool / "queue.db") as database:
        [version] = database.execute("PRAGMA user_version").fetchone()
        database.execute("PRAGMA user_version = 99")
    database.close()
    before = {path: path.read_bytes() for path in suite.spool.glob("queue.db")}
    suite.start()
    wait_for(lambda: suite.events("not_started"))
    assert "newer release" in suite.events("not_started")[0]
    assert {path: path.read_bytes() for path in suite.spool.glob("queue.db")} == before
    with suite.smtp() as client:  # what comes meanwhile is accepted, and waits
        client.sendmail("ada@example.org", [ANNA], message("waits"))
    suite.stop()
    with sqlite3.connect(suite.spool / "queue.db") as database:
        database.execute(f"PRAGMA user_version = {version}")
    database.close()
    suite.start()
    wait_for(lambda: "waits" in subjects(suite))
    assert suite.json("status")["deferred"] == 300
