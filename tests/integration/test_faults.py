"""A disk that fails under the running suite: mail is refused for now or waits, the log says it once, a
counter counts it, and all goes on by itself when it is over. What was acknowledged arrives."""

import contextlib
import errno
import os
import resource
import smtplib
import subprocess

import pytest
from harness import Instance, file_system, wait_for
from peer import Peer

ANNA = "anna@example.test"
LARGE = 300 << 10
SETTINGS = {"smtpd": {"workers": 1}, "queue": {"retry_interval": "1s", "retry_jitter": 0}}


def message(number, size=0):
    return f"Subject: {number}\r\n\r\ntext\r\n".encode() + b"line\r\n" * (size // 6)


def attempt(suite, recipient, content):
    """The code of the reply that decides."""
    with suite.smtp() as client:
        try:
            client.sendmail("ada@example.org", [recipient], content)
        except smtplib.SMTPSenderRefused as refused:
            return refused.smtp_code
        except smtplib.SMTPDataError as refused:
            return refused.smtp_code
        except smtplib.SMTPRecipientsRefused as refused:
            return next(iter(refused.recipients.values()))[0]
    return 250


def number_of(content):
    return int(content.split(b"Subject: ")[1].split(b"\n")[0])


def numbers(suite):
    return sorted(map(number_of, suite.mailbox(ANNA)))


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("faults") / "faults.so"
    source = os.path.join(os.path.dirname(__file__), "faults.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, source, "-ldl"], check=True)
    return library


class Faults:
    """The orders for faults.c."""

    def __init__(self, path):
        self.path = path

    @contextlib.contextmanager
    def during(self, *orders):
        """Each is a call, a part of a path and an error."""
        draft = self.path.with_suffix(".draft")
        draft.write_text("".join(f"{call} {part} {number}\n" for call, part, number in orders))
        draft.rename(self.path)
        try:
            yield
        finally:
            self.path.unlink()


@pytest.fixture
def faulty(shim):
    """A suite, orders for its faults, and a server for far.test."""
    with Peer() as peer:
        settings = {**SETTINGS, "route": [{"match": "far.test", "via": peer.route}]}
        with Instance(settings, start=False) as suite:
            # Where every daemon may read.
            faults = Faults(suite.directory / "run/orders")
            suite.environment |= {"LD_PRELOAD": str(shim), "POSTRIDER_FAULTS": str(faults.path)}
            suite.start()
            suite.add_user(ANNA)
            # A fault is to meet a queued that works, not one that opens its database.
            wait_for(lambda: any("process=queued" in line for line in suite.events("started")))
            yield suite, faults, peer


def storage_failures(suite):
    return suite.json("status")["counters"]["postrider_queue_storage_failures_total"]


def arrived(peer):
    return sorted(number_of(m.content.replace(b"\r", b"")) for m in peer.messages)


@pytest.mark.parametrize("size", [0, LARGE])
def test_a_sync_that_fails_refuses_for_now_and_what_was_refused_is_never_delivered(faulty, size):
    suite, faults, _ = faulty
    assert attempt(suite, ANNA, message(0, size)) == 250
    with faults.during(("fdatasync", "/incoming/", errno.EIO)):
        assert [attempt(suite, ANNA, message(n, size)) for n in range(100, 105)] == [451] * 5
        assert suite.json("status")["counters"]["postrider_spool_commit_failures_total"] >= 5
    assert attempt(suite, ANNA, message(1, size)) == 250
    wait_for(lambda: numbers(suite) == [0, 1])
    told = suite.events("spool_write_failed")
    assert len(told) == 1 and "Input/output error" in told[0], told
    assert len(suite.events("spool_writes_again")) == 1
    suite.kill()
    suite.start()
    assert attempt(suite, ANNA, message(2, size)) == 250
    wait_for(lambda: numbers(suite) == [0, 1, 2])


def test_a_segment_that_cannot_be_read_waits_while_mail_is_accepted(faulty):
    suite, faults, _ = faulty
    with faults.during(("pread", ".seg", errno.EIO)):
        assert [attempt(suite, ANNA, message(n)) for n in range(20)] == [250] * 20
        told = wait_for(lambda: suite.events("segment_unreadable"))
        assert len(told) == 1 and "Input/output error" in told[0], told
        assert numbers(suite) == [] and storage_failures(suite) >= 1
    wait_for(lambda: numbers(suite) == list(range(20)), 30)
    assert len(suite.events("segment_unreadable")) == 1


def test_a_content_that_cannot_be_read_keeps_no_other_message_back(faulty):
    suite, faults, peer = faulty
    peer.script["MAIL"] = lambda _, __: "451 4.3.2 later"
    for n in range(6):
        assert attempt(suite, "x@far.test", message(n)) == 250
    wait_for(lambda: suite.json("status")["deferred"] == 6)
    unreadable = sorted((suite.spool / "deferred").glob("*/*"), key=lambda path: path.name)[2]
    with faults.during(("pread", f"/{unreadable.name}", errno.EIO)):
        del peer.script["MAIL"]
        wait_for(lambda: arrived(peer) == [0, 1, 3, 4, 5])
        wait_for(lambda: "cannot be read" in suite.command("queue", "show", unreadable.name, check=False).stdout)
    wait_for(lambda: arrived(peer) == list(range(6)))
    wait_for(lambda: suite.json("queue", "list")["messages"] == [])


def test_a_queue_db_that_cannot_be_written_loses_nothing_and_stops_no_other_mail(faulty):
    suite, faults, peer = faulty
    peer.script["MAIL"] = lambda _, __: "451 4.3.2 later"
    with faults.during(("fdatasync", "queue.db", errno.EIO)):
        assert [attempt(suite, "x@far.test", message(n)) for n in range(5)] == [250] * 5
        assert [attempt(suite, ANNA, message(n)) for n in range(5)] == [250] * 5
        wait_for(lambda: numbers(suite) == list(range(5)))
        told = wait_for(lambda: suite.events("queue_db_failed"))
        assert len(told) == 1 and "I/O error" in told[0], told
        assert storage_failures(suite) >= 1
    wait_for(lambda: suite.json("status")["deferred"] > 0, 40)
    del peer.script["MAIL"]
    wait_for(lambda: arrived(peer) == list(range(5)), 40)
    wait_for(lambda: suite.json("queue", "list")["messages"] == [])
    assert len(suite.events("queue_db_failed")) == 1


def test_while_queue_db_cannot_be_read_mail_is_accepted_and_waits(faulty):
    suite, faults, _ = faulty
    suite.stop()
    with faults.during(("pread", "queue.db", errno.EIO)):
        suite.start()
        assert [attempt(suite, ANNA, message(n)) for n in range(5)] == [250] * 5
        told = wait_for(lambda: suite.events("not_started"))
        assert "queue.db" in told[0] and "I/O error" in told[0], told
        assert numbers(suite) == []
    wait_for(lambda: numbers(suite) == list(range(5)), 30)


def test_a_read_only_file_system_refuses_for_now_and_serves_again():
    with Instance({**SETTINGS, "spool": {"segment_age": "1s"}}, start=False) as suite:
        incoming = suite.spool / "incoming"
        with file_system(incoming, 64 << 20):
            try:
                read_only_and_back(suite, incoming)
            finally:
                suite.stop()


def read_only_and_back(suite, incoming):
    (incoming / "large").mkdir()
    suite.add_user(ANNA)
    suite.start()
    assert attempt(suite, ANNA, message(0)) == 250
    wait_for(lambda: numbers(suite) == [0])
    # Not before deliverd has closed the segment that was removed.
    wait_for(lambda: subprocess.run(["mount", "-o", "remount,ro", incoming], stderr=subprocess.DEVNULL).returncode == 0,
             40)
    assert [attempt(suite, ANNA, message(n)) for n in range(100, 105)] == [451] * 5
    assert [attempt(suite, ANNA, message(n, LARGE)) for n in range(105, 107)] == [452] * 2
    subprocess.run(["mount", "-o", "remount,rw", incoming], check=True)
    assert attempt(suite, ANNA, message(1)) == 250
    assert attempt(suite, ANNA, message(2, LARGE)) == 250
    wait_for(lambda: numbers(suite) == [0, 1, 2])
    for event in ("spool_write_failed", "large_message_not_written"):
        told = suite.events(event)
        assert len(told) == 1 and "Read-only file system" in told[0], told


def test_a_spool_that_cannot_be_written_at_the_start_is_named_and_nothing_starts():
    with Instance(start=False) as suite, file_system(suite.spool, 1 << 20):
        for folder in ("incoming/large", "deferred", "quarantine"):
            (suite.spool / folder).mkdir(parents=True)
        subprocess.run(["mount", "-o", "remount,ro", suite.spool], check=True)
        with pytest.raises(AssertionError):
            suite.start()
        suite.process = None
        assert any("Read-only file system" in line and str(suite.spool) in line
                   for line in suite.events("not_started"))


def test_a_queued_without_descriptors_defers_and_delivers_when_it_has_some():
    with Peer() as peer:
        peer.script["MAIL"] = lambda _, __: "451 4.3.2 later"
        with Instance({**SETTINGS, "route": [{"match": "far.test", "via": peer.route}]}) as suite:
            for n in range(40):
                assert attempt(suite, "x@far.test", message(n)) == 250
            wait_for(lambda: suite.json("status")["deferred"] == 40)
            worker = worker_of(suite, "queued")
            before = resource.prlimit(worker, resource.RLIMIT_NOFILE)
            used = len(os.listdir(f"/proc/{worker}/fd"))
            resource.prlimit(worker, resource.RLIMIT_NOFILE, (used + 2, before[1]))
            told = wait_for(lambda: suite.events("content_unreadable"))
            assert "Too many open files" in told[0]
            del peer.script["MAIL"]
            resource.prlimit(worker, resource.RLIMIT_NOFILE, before)
            wait_for(lambda: arrived(peer) == list(range(40)), 30)
            assert len(suite.events("content_unreadable")) == 1
            assert suite.events("content_readable")


def worker_of(suite, daemon):
    """The process that does the work: the one whose parent has its name."""
    def status(pid):
        return dict(line.split(":\t", 1) for line in open(f"/proc/{pid}/status").read().splitlines() if ":\t" in line)

    for pid in suite.pids():
        mine = status(pid)
        if mine["Name"] == daemon and status(mine["PPid"])["Name"] == daemon:
            return pid
    raise AssertionError(f"no worker of {daemon}")
