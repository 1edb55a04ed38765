"""Who uses the mail server of a machine while something happens to it: users who send all the time, and others who
connect and are to be served.

Each message says a word of its own, so that none can be missed or counted for another."""

import contextlib
import poplib
import re
import smtplib
import socket
import ssl
import threading
import time

WORD = re.compile(rb"^Subject: word-(\S+)\r?$", re.M)
SUBMISSIONS, POP3S = 465, 995


def unverified():
    """TLS with the certificate that signs itself, of `postrider setup`."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def smtp(address, password):
    client = smtplib.SMTP_SSL("127.0.0.1", SUBMISSIONS, timeout=60, context=unverified(), local_hostname="client.test")
    client.login(address, password)
    return client


def pop3(address, password):
    client = poplib.POP3_SSL("127.0.0.1", POP3S, timeout=60, context=unverified())
    client.user(address)
    client.pass_(password)
    return client


def words(messages):
    """Of messages as octets, in their order."""
    return [WORD.search(message)[1].decode() for message in messages]


class _Until(threading.Thread):
    """Turns until the block has ended; what went wrong is in `failures`."""

    pause = 0.002

    def __init__(self):
        super().__init__()
        self.turns, self.failures = 0, []
        self.over = threading.Event()

    def run(self):
        while not self.over.is_set():
            try:
                self.turn()
                self.turns += 1
            except (OSError, AssertionError, EOFError, smtplib.SMTPException, poplib.error_proto) as error:
                self.failures.append(f"{time.strftime('%X')} {error!r}")
            time.sleep(self.pause)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


class Visitor(_Until):
    """Connects all the time, and wants to be greeted."""

    def __init__(self, port, greeting):
        super().__init__()
        self.port, self.greeting = port, greeting

    def turn(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as one:
            line = one.recv(512)
            assert line.startswith(self.greeting), line
            one.sendall(b"QUIT\r\n")
            one.recv(512)


class Sender(_Until):
    """A user who sends to himself, a connection a message; `acknowledged` is what the server has answered for. A
    message that was not is sent again, as every mail program does: only then it may come twice."""

    pause = 0.01

    def __init__(self, address, password, name):
        super().__init__()
        self.address, self.password, self.name = address, password, name
        self.acknowledged, self.doubtful = [], []

    def turn(self):
        word = f"{self.name}-{len(self.acknowledged) + len(self.doubtful)}"
        message = (f"From: {self.address}\r\nTo: {self.address}\r\nSubject: word-{word}\r\n\r\n"
                   + "Some line of a letter.\r\n" * 40)
        self.doubtful.append(word)
        with contextlib.closing(smtp(self.address, self.password)) as client:
            client.sendmail(self.address, [self.address], message)
            self.acknowledged.append(self.doubtful.pop())
            client.quit()
