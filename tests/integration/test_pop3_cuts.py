"""Sessions of POP3 that end before their time: what is deleted is what RFC 1939 says, section 6: all that was marked
once QUIT was given, and nothing before."""

import os
import signal
import socket
import time

import pytest
from harness import DOMAIN, Instance, wait_for

USER, PASSWORD = f"anna@{DOMAIN}", "secret"
MESSAGES = [b"Subject: %d\n\nbody\n" % number for number in range(1, 6)]
LOGIN = f"USER {USER}\r\nPASS {PASSWORD}\r\n".encode()
SESSION = LOGIN + b"DELE 1\r\nDELE 3\r\nDELE 4\r\nQUIT\r\n"
LEFT = [MESSAGES[1], MESSAGES[4]]


@pytest.fixture(scope="module")
def suite():
    limits = {"connection_rate_per_address": 0, "connection_rate_per_network": 0}
    with Instance({"bans": {"delay": "0s", "address_failures": 0, "account_failures": 0}, "pop3d": limits}) as instance:
        instance.add_user(USER, PASSWORD)
        yield instance


def fill(suite, messages=MESSAGES):
    maildir = suite.directory / "mail" / DOMAIN / "anna" / "Maildir"
    for folder in ("tmp", "new", "cur"):
        (maildir / folder).mkdir(parents=True, exist_ok=True)
        for file in (maildir / folder).iterdir():
            file.unlink()
    # Names that no other round has: what was deleted once does not come back.
    for number, text in enumerate(messages, 1):
        (maildir / "new" / f"{number}.{time.monotonic_ns()}.host").write_bytes(text)


def say(suite, octets):
    """Sends them, and reads what is answered until the server has no more to say, or the reply to QUIT."""
    with socket.create_connection(("127.0.0.1", suite.pop3_port), 20) as client:
        client.sendall(octets)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while part := client.recv(65536):
            answer += part
    return answer


def is_free(suite):
    """Nobody has the mailbox open: the session before has ended."""
    try:
        suite.pop3(USER, PASSWORD).quit()
        return True
    except Exception as error:  # noqa: BLE001
        assert b"[IN-USE]" in error.args[0], error
        return False


@pytest.mark.parametrize("cut", range(len(SESSION) + 1))
def test_a_session_cut_anywhere_deletes_all_or_nothing(suite, cut):
    fill(suite)
    say(suite, SESSION[:cut])
    wait_for(lambda: is_free(suite), what="the end of the session")
    assert suite.mailbox(USER) == (LEFT if cut == len(SESSION) else MESSAGES)


def workers(suite):
    """Of pop3d: children of a child of the supervisor."""
    found = []
    for pid in suite.pids():
        try:
            name = open(f"/proc/{pid}/comm").read().strip()
            parent = int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])
            if name == "pop3d" and open(f"/proc/{parent}/comm").read().strip() == "pop3d":
                found.append(pid)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("round", range(8))
def test_a_worker_killed_in_update_leaves_all_or_nothing(suite, round):
    """However far it has come: what it began the next session finishes."""
    many = [b"Subject: %d\n\nbody\n" % number for number in range(1, 401)]
    fill(suite, many)
    suite.restart()  # workers that die young are started again later and later
    with socket.create_connection(("127.0.0.1", suite.pop3_port), 20) as client:
        stream = client.makefile("rb")
        stream.readline()
        client.sendall(LOGIN + b"".join(b"DELE %d\r\n" % number for number in range(1, 401, 2)))
        for _ in range(2 + 200):
            assert stream.readline().startswith(b"+OK")
        client.sendall(b"QUIT\r\n")
        time.sleep(round * 0.0005)
        for pid in workers(suite):
            os.kill(pid, signal.SIGKILL)
        try:
            acknowledged = stream.readline().startswith(b"+OK")
        except OSError:
            acknowledged = False

    def served():
        try:
            client = suite.pop3(USER, PASSWORD)
            count = client.stat()[0]
            client.quit()
            return count
        except (OSError, EOFError):
            return None
        except Exception as error:  # noqa: BLE001
            assert b"[IN-USE]" in error.args[0] or b"[SYS/TEMP]" in error.args[0], error
            return None
    count = wait_for(served, what="a session after the crash")
    assert count in (200, 400)
    assert len(suite.mailbox(USER)) == count
    assert count == 200 or not acknowledged
