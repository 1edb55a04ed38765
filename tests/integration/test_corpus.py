"""3,562 real messages go in over SMTP and come out over POP3, byte for byte after the trace fields."""

import collections
import os
import pathlib
import re
import socket
import tarfile
import threading

import pytest
from harness import Instance, wait_for, without_trace

FIXTURES = pathlib.Path(os.environ.get("FIXTURES_DIR", "../shared/fixtures"))
ARCHIVE = FIXTURES / "corpus" / "spamassassin-dev.tar.xz"
CONNECTIONS = 4
USER = "reader@example.test"


def corpus():
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            if member.isfile():
                yield member.name, archive.extractfile(member).read()


def as_sent(octets):
    """CRLF line ends, and one at the end: what a client would send."""
    text = re.sub(rb"\r?\n", b"\r\n", octets)
    return text if text.endswith(b"\r\n") else text + b"\r\n"


class Smtp:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.file = self.socket.makefile("rb")
        self.reply()
        self.ask("EHLO client.test")

    def reply(self):
        while True:
            line = self.file.readline()
            if line[3:4] != b"-":
                return line.decode()

    def ask(self, line):
        self.socket.sendall(line.encode() + b"\r\n")
        return self.reply()

    def send(self, content):
        """The reply to the message."""
        self.ask("MAIL FROM:<sender@example.org>")
        self.ask(f"RCPT TO:<{USER}>")
        self.ask("DATA")
        stuffed = re.sub(rb"(?m)^\.", b"..", content)
        self.socket.sendall(stuffed + b".\r\n")
        return self.reply()


def fetch_all(port):
    """All messages of the mailbox, in one pipelined session."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        file = connection.makefile("rb")

        def line():
            return file.readline()

        line()
        connection.sendall(f"USER {USER}\r\nPASS secret\r\nSTAT\r\n".encode())
        assert line().startswith(b"+OK") and line().startswith(b"+OK")
        count = int(line().split()[1])

        def ask():
            for number in range(1, count + 1):
                connection.sendall(b"RETR %d\r\n" % number)
            connection.sendall(b"QUIT\r\n")

        threading.Thread(target=ask).start()
        for _ in range(count):
            assert line().startswith(b"+OK")
            lines = []
            while (one := line()) != b".\r\n":
                lines.append(one[1:] if one.startswith(b".") else one)
            yield b"".join(lines)


@pytest.mark.skipif(not ARCHIVE.exists(), reason=f"{ARCHIVE} is not there")
def test_real_mail_comes_out_byte_for_byte():
    messages = [(name, as_sent(octets)) for name, octets in corpus()]
    assert len(messages) == 3562
    with Instance() as suite:
        suite.add_user(USER)
        accepted, refused = collections.Counter(), {}
        lock = threading.Lock()

        def work(part):
            client = Smtp(suite.smtp_port)
            for name, content in part:
                reply = client.send(content)
                with lock:
                    if reply.startswith("250"):
                        accepted[content] += 1
                    else:
                        refused[name] = (reply, content)

        workers = [threading.Thread(target=work, args=(messages[i::CONNECTIONS],)) for i in range(CONNECTIONS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        # A bare CR is refused, never repaired; nothing else of real mail is.
        for name, (reply, content) in refused.items():
            assert reply.startswith("550 5.6.11"), (name, reply)
            assert re.search(rb"\r(?!\n)|(?<!\r)\n", content), name
        print(f"{accepted.total()} accepted, {len(refused)} refused for a bare CR")

        new = suite.directory / "mail" / "example.test" / "reader" / "Maildir" / "new"
        wait_for(lambda: new.is_dir() and len(list(new.iterdir())) >= accepted.total(), 60, "delivery")
        fetched = collections.Counter(without_trace(message) for message in fetch_all(suite.pop3_port))
        assert fetched == accepted
