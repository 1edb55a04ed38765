"""A spool without room, and an smtpd without descriptors: mail is refused for now, nothing that was
accepted is lost, the log says it once, and service goes on by itself."""

import contextlib
import os
import resource
import smtplib
import socket

import pytest
from harness import Instance, file_system, wait_for
from peer import Peer
from segment import records

ANNA = "anna@example.test"
KIB, MIB = 1 << 10, 1 << 20
LINE = b"x" * 70 + b"\r\n"


def message(number, size=200):
    return b"Subject: %d\r\n\r\n" % number + LINE * (size // len(LINE) + 1)


@contextlib.contextmanager
def small_spool(settings, octets=48 * MIB):
    """A suite whose spool is a file system of its own, of that size."""
    with Instance(settings, start=False) as suite, file_system(suite.spool, octets):
        try:
            suite.add_user(ANNA)
            suite.start()
            yield suite
        finally:
            if suite.process:
                suite.stop()


def fill(suite, leave):
    """Takes all the room but `leave` octets; removing the file that is returned gives it back."""
    ballast = suite.spool / "ballast"
    room = os.statvfs(suite.spool)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - leave)
    return ballast


def attempt(suite, recipient, content, declare_size=True):
    """The reply that decides."""
    with suite.smtp() as client:
        client.ehlo()
        code, text = client.mail("ada@example.org", [f"SIZE={len(content)}"] if declare_size else [])
        if code != 250:
            return code, text
        code, text = client.rcpt(recipient)
        if code != 250:
            return code, text
        try:
            return client.data(content)
        except smtplib.SMTPDataError as refused:
            return refused.smtp_code, refused.smtp_error


def subjects(contents):
    return sorted(int(one.split(b"Subject: ")[1].split(b"\n")[0]) for one in contents)


def test_with_less_than_must_stay_free_mail_is_refused_for_now():
    with small_spool({"smtpd": {"workers": 1}}) as suite:
        ballast = fill(suite, 8 * MIB)
        wait_for(lambda: attempt(suite, ANNA, message(0)) == (452, b"4.3.1 insufficient system storage"))
        for _ in range(5):
            assert attempt(suite, ANNA, message(0))[0] == 452
        ballast.unlink()
        wait_for(lambda: attempt(suite, ANNA, message(1))[0] == 250)
        wait_for(lambda: 1 in subjects(suite.mailbox(ANNA)))
        full = [line for line in suite.log_text().splitlines() if "must stay free" in line]
        # One line, however many messages were refused.
        assert len(full) == 1, full
        assert str(suite.spool) in full[0] and "spool.min_free" in full[0]
        assert suite.events("spool_has_room")


@pytest.mark.parametrize("size", [4 * KIB, 300 * KIB])
def test_when_the_disk_is_full_nothing_accepted_is_lost(size):
    with small_spool({"spool": {"min_free": "0B"}, "smtpd": {"workers": 1}}) as suite:
        ballast = fill(suite, 1 * MIB)
        accepted, refused = [], 0
        for number in range(2000):
            code, text = attempt(suite, ANNA, message(number, size), declare_size=False)
            assert code in (250, 451, 452), (code, text)
            if code == 250:
                accepted.append(number)
            else:
                assert text.startswith(b"4.3."), text
                refused += 1
            if refused == 20:
                break
        assert refused == 20
        # Deliveries go on meanwhile, though nothing can be noted in the spool.
        wait_for(lambda: len(suite.mailbox(ANNA)) >= len(accepted))
        ballast.unlink()
        wait_for(lambda: attempt(suite, ANNA, message(5000, size), declare_size=False)[0] == 250)
        accepted.append(5000)
        wait_for(lambda: len(suite.mailbox(ANNA)) >= len(accepted))
        suite.restart()
        assert subjects(suite.mailbox(ANNA)) == accepted
        told = [line for line in suite.log_text().splitlines()
                if ("level=warning" in line or "level=error" in line) and "No space left" in line]
        assert 1 <= len(told) <= 4, told


def test_a_large_message_that_does_not_fit_is_refused_and_the_session_goes_on():
    with small_spool({"spool": {"min_free": "0B"}}) as suite:
        ballast = fill(suite, 1 * MIB)
        assert attempt(suite, ANNA, message(0, 4 * MIB))[0] == 452  # by SIZE, before it is sent
        with suite.smtp() as client:
            client.ehlo()
            client.mail("ada@example.org")
            client.rcpt(ANNA)
            code, text = client.data(message(1, 4 * MIB))
            assert (code, text) == (452, b"4.3.1 insufficient system storage")
            assert not list((suite.spool / "incoming/large").iterdir())
            ballast.unlink()
            wait_for(lambda: attempt(suite, ANNA, message(2, 4 * MIB))[0] == 250)
            assert client.noop()[0] == 250
        wait_for(lambda: subjects(suite.mailbox(ANNA)) == [2])


def test_deferred_mail_waits_for_room_and_is_not_lost():
    with Peer() as peer:
        held = {"MAIL": True}

        def mail(_, __):
            wait_for(lambda: not held["MAIL"], 60)
            return "451 4.3.2 not now" if held.get("defer") else "250 2.1.0 ok"

        peer.script["MAIL"] = mail
        settings = {"spool": {"min_free": "0B"}, "queue": {"retry_interval": "1s", "retry_jitter": 0},
                    "route": [{"match": "far.test", "via": peer.route}]}
        with small_spool(settings) as suite:
            for number in range(30):
                assert attempt(suite, "x@far.test", message(number, 4 * KIB))[0] == 250
            ballast = fill(suite, 0)
            held.update(MAIL=False, defer=True)
            wait_for(lambda: suite.events("queue_db_failed"))
            complaints = suite.events("queue_db_failed")
            assert "No space left" in complaints[0] or "full" in complaints[0]
            held.update(defer=False)
            ballast.unlink()
            wait_for(lambda: len(peer.messages) >= 30, 60)
            wait_for(lambda: not suite.json("queue", "list")["messages"])
            assert subjects(m.content.replace(b"\r", b"") for m in peer.messages) == list(range(30))


def test_on_a_full_disk_what_is_delivered_makes_room():
    with Peer() as peer:
        peer.script["MAIL"] = lambda _, __: wait_for(lambda: peer.script.get("go"), 60) and "250 2.1.0 ok"
        settings = {"spool": {"min_free": "0B", "segment_age": "1s"}, "smtpd": {"workers": 1},
                    "route": [{"match": "far.test", "via": peer.route}]}
        with small_spool(settings) as suite:
            incoming = suite.spool / "incoming"
            for number, size in enumerate((4 * KIB, 400 * KIB, 4 * KIB)):
                assert attempt(suite, "x@far.test", message(number, size))[0] == 250
            wait_for(lambda: all(is_sealed(one) for one in incoming.glob("smtpd*.seg")))
            fill(suite, 0)
            peer.script["go"] = True
            wait_for(lambda: not [*incoming.glob("*.seg"), *incoming.glob("large/*")])
            suite.restart()
            assert subjects(m.content.replace(b"\r", b"") for m in peer.messages) == [0, 1, 2]
            assert len(suite.events("done_file_not_written")) <= 1


def is_sealed(segment):
    return segment.stat().st_size > records(segment)[-1].end + 8


def test_without_descriptors_clients_wait_and_are_served_when_there_are_some():
    with Instance({"smtpd": {"workers": 1}}) as suite:
        suite.add_user(ANNA)
        [worker] = [pid for pid in suite.pids() if is_worker(pid, "smtpd")]
        used = len(os.listdir(f"/proc/{worker}/fd"))
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (used + 10, used + 10))
        with contextlib.ExitStack() as stack:
            crowd = [stack.enter_context(socket.create_connection(("127.0.0.1", suite.smtp_port), 30))
                     for _ in range(40)]
            wait_for(lambda: suite.events("accept_paused"))
            served = [one for one in crowd if greeted(one)]
            assert 1 <= len(served) < 40
            # Those that have a session can try; what needs a descriptor is refused for now.
            replies = [converse(one) for one in served]
            assert set(replies) <= {b"250", b"451", b"452"}, replies
            taken = replies.count(b"250")
        with suite.smtp() as client:
            client.sendmail("ada@example.org", [ANNA], message(1))
        wait_for(lambda: len(suite.mailbox(ANNA)) == taken + 1)
        paused = suite.events("accept_paused")
        assert "Too many open files" in paused[0] and len(paused) <= 2, paused


def is_worker(pid, name):
    status = open(f"/proc/{pid}/status").read()
    parent = status.split("PPid:\t")[1].split("\n")[0]
    return status.startswith(f"Name:\t{name}\n") and \
        open(f"/proc/{parent}/status").read().startswith(f"Name:\t{name}\n")


def greeted(connection):
    connection.settimeout(0.5)
    try:
        return connection.recv(4096).startswith(b"220")
    except TimeoutError:
        return False


def converse(connection):
    """Sends a message of 300 KiB, which takes a file of its own; the code of the last reply."""
    connection.settimeout(30)
    file = connection.makefile("rwb")
    commands = [b"HELO client.test", b"MAIL FROM:<ada@example.org>", b"RCPT TO:<" + ANNA.encode() + b">", b"DATA",
                message(0, 300 * KIB) + b"."]
    for command in commands:
        file.write(command + b"\r\n")
        file.flush()
        code = file.readline()[:3]
        if code not in (b"250", b"354"):
            break
    return code
