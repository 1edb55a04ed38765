"""Processes are killed while mail flows: what was acknowledged arrives, in a local mailbox exactly once.
The seed is printed; POSTRIDER_SEED plays a run again as far as the machine's timing allows, and
POSTRIDER_KILLS says how many kills it has: 20, or 300 in a long run (POSTRIDER_LONG)."""

import collections
import json
import os
import random
import signal
import smtplib
import threading
import time

import pytest
from harness import Instance, is_alive, wait_for
from peer import Peer

CLIENTS = 8
KILLS = int(os.environ.get("POSTRIDER_KILLS", 300 if os.environ.get("POSTRIDER_LONG") else 20))
PAUSE = (0.2, 1.5)
SMALL, LARGE = 2 << 10, 400 << 10
# Enough that no mailbox grows large: a delivery that is repeated looks through all of its mailbox.
USERS = [f"user{n}@example.test" for n in range(24)]
DAEMONS = ("smtpd", "queued", "deliverd", "pop3d")


def message(name, size):
    line = b"x" * 76 + b"\r\n"
    return f"Subject: {name}\r\n\r\n".encode() + line * (size // len(line))


def name_of(content):
    return content.split(b"Subject: ")[1].split(b"\n")[0].strip().decode()


class Mailboxes:
    """The messages in all mailboxes; each file is read once, as it does not change."""

    def __init__(self, suite):
        self.folders = [suite.directory / "mail" / "example.test" / user.split("@")[0] / "Maildir/new" for user in USERS]
        self.known = {}

    def look(self):
        """Name of message -> the files that hold it."""
        found = collections.defaultdict(list)
        for folder in self.folders:
            for path in folder.iterdir():
                if path not in self.known:
                    content = path.read_bytes()
                    assert len(content) > SMALL and content.endswith(b"x" * 76 + b"\n"), path
                    self.known[path] = name_of(content)
                found[self.known[path]].append(path.name)
        return found


class Client(threading.Thread):
    """Sends one message after the other, connecting again when it was cut off; keeps recipient and id of
    those that were acknowledged, by name."""

    def __init__(self, suite, number, stop):
        super().__init__(daemon=True)
        self.suite, self.number, self.stop = suite, number, stop
        self.random = random.Random(number)
        self.acknowledged = {}
        self.cut_off = 0

    def run(self):
        count = 0
        while not self.stop.is_set():
            try:
                with self.suite.smtp() as client:
                    while not self.stop.is_set():
                        count += 1
                        self.send(client, f"{self.number}-{count}")
            except (OSError, smtplib.SMTPException):
                self.cut_off += 1
                time.sleep(0.05)

    def send(self, client, name):
        recipient = "x@far.test" if self.random.random() < 0.2 else self.random.choice(USERS)
        content = message(name, LARGE if self.random.random() < 0.1 else SMALL)
        client.ehlo_or_helo_if_needed()
        for code, text in (client.mail("ada@example.org"), client.rcpt(recipient), client.data(content)):
            if code != 250:
                raise smtplib.SMTPResponseException(code, text)
        self.acknowledged[name] = recipient, text.decode().split()[-1]
        time.sleep(0.02)


def name(pid):
    try:
        return open(f"/proc/{pid}/comm").read().strip()
    except OSError:
        return ""


def parent(pid):
    return int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])


def kill_supervisor(suite):
    """The daemons end when it is gone; then another is started, as a service manager does."""
    pids = suite.pids()
    suite.process.kill()
    suite.process.wait()
    wait_for(lambda: not any(map(is_alive, pids)), 30, "the end of the daemons")
    suite.process.stdout.close()
    suite.start()


def kill_one(suite, chance):
    """A worker, the parent of a daemon, the supervisor, or everything at once; gives what it was."""
    draw = chance.random()
    if draw < 0.1:
        suite.kill()
        suite.start()
        return "everything"
    if draw < 0.15:
        kill_supervisor(suite)
        return "supervisor"
    pid = chance.choice([pid for pid in suite.pids() if name(pid) in DAEMONS])
    try:
        kind = "parent" if name(parent(pid)) == "postrider" else "worker"
        what = f"{name(pid)} {kind}"
        os.kill(pid, signal.SIGKILL)
    except (FileNotFoundError, ProcessLookupError):
        return "one that was gone"
    return what


def tell_of(suite, missing):
    """Prints what the log says of messages that did not arrive, by id, and what the queue does."""
    print("missing", len(missing), suite.command("status", check=False).stdout)
    for id, name in list(missing.items())[:5]:
        print(name, *[line for line in suite.log_text().splitlines() if id in line], sep="\n  ")


@pytest.fixture
def everywhere():
    with Peer() as peer, Instance({"route": [{"match": "far.test", "via": peer.route}],
                                   "smtpd": {"workers": 2}, "deliverd": {"sync_interval": "50ms"},
                                   "queue": {"retry_interval": "1s", "retry_jitter": 0}}) as suite:
        for user in USERS:
            suite.add_user(user)
        yield suite, peer


def test_what_was_acknowledged_arrives_whatever_is_killed(everywhere):
    suite, peer = everywhere
    seed = int(os.environ.get("POSTRIDER_SEED", random.randrange(1 << 32)))
    print("seed", seed)
    chance = random.Random(seed)
    stop = threading.Event()
    clients = [Client(suite, number, stop) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    killed = []
    for _ in range(KILLS):
        time.sleep(chance.uniform(*PAUSE))
        killed.append(kill_one(suite, chance))
    stop.set()
    for client in clients:
        client.join(60)
    acknowledged = {n: a for client in clients for n, a in client.acknowledged.items()}
    local = {n for n, (recipient, _) in acknowledged.items() if recipient in USERS}
    far = set(acknowledged) - local
    print("killed", dict(collections.Counter(killed)), "acknowledged", len(local), len(far),
          "cut off", sum(c.cut_off for c in clients))
    assert len(local) > 100 and len(far) > 20

    # A daemon that was killed often is started again after half a minute.
    mailboxes = Mailboxes(suite)
    for wanted, there, what in ((local, mailboxes.look, "the local mail"),
                                (far, lambda: {name_of(m.content) for m in peer.messages}, "the far mail")):
        try:
            wait_for(lambda: wanted <= set(there()), 180, what)
        except AssertionError:
            tell_of(suite, {acknowledged[n][1]: n for n in wanted - set(there())})
            raise
    wait_for(lambda: suite.command("queue", "list", check=False).stdout == "the queue is empty\n", 90,
             "an empty queue")
    time.sleep(1)
    twice = {n: files for n, files in mailboxes.look().items() if len(files) > 1}
    assert not twice, twice
    log = suite.log_text()
    assert "check_failed" not in log and "message_corrupt" not in log
    torn = suite.events("record_corrupt")
    assert all("before it was acknowledged" in line for line in torn), torn
    found = {finding["kind"] for finding in json.loads(
        suite.command("--json", "queue", "verify", check=False).stdout)["findings"]}
    print("torn", len(torn), "left over", found)
    assert found <= {"large_without_record", "content_without_row"}  # what was arriving, what had ended


def test_a_worker_that_dies_costs_the_connections_of_others_nothing(everywhere):
    suite, _ = everywhere
    dying, living = [pid for pid in suite.pids() if name(pid) == "smtpd" and name(parent(pid)) == "smtpd"]
    lost, kept = sessions_without(suite, living), sessions_without(suite, dying)
    os.kill(dying, signal.SIGKILL)
    wait_for(lambda: not is_alive(dying))
    for session in kept:
        session.sendmail("ada@example.org", [USERS[0]], message("lives", SMALL))
        session.quit()
    for session in lost:
        with pytest.raises((OSError, smtplib.SMTPServerDisconnected)):
            session.sendmail("ada@example.org", [USERS[0]], message("dies", SMALL))
    with suite.smtp() as client:
        client.sendmail("ada@example.org", [USERS[1]], message("next", SMALL))
    wait_for(lambda: len(suite.events("worker_died")) == 1)


def sessions_without(suite, worker):
    """Three that this worker does not serve, as it is stopped while they begin."""
    os.kill(worker, signal.SIGSTOP)
    sessions = [suite.smtp() for _ in range(3)]
    os.kill(worker, signal.SIGCONT)
    assert all(session.noop()[0] == 250 for session in sessions)
    return sessions


def test_the_parent_of_smtpd_dies_and_its_successor_listens_though_old_sessions_go_on(everywhere):
    suite, _ = everywhere
    session = suite.smtp()
    session.ehlo()
    session.mail("ada@example.org")
    session.rcpt(USERS[2])
    session.docmd("DATA")
    [old] = [pid for pid in suite.pids() if name(pid) == "smtpd" and name(parent(pid)) == "postrider"]
    os.kill(old, signal.SIGKILL)
    wait_for(lambda: [pid for pid in suite.pids() if name(pid) == "smtpd" and pid != old])
    wait_for(lambda: accepts(suite, message("new", SMALL)), 5, "the successor's service")
    session.send(message("old", SMALL) + b".\r\n")
    assert session.getreply()[0] == 250
    session.close()
    wait_for(lambda: {"new", "old"} <= {name_of(one) for u in USERS[2:4] for one in suite.mailbox(u)})


def accepts(suite, content):
    try:
        with suite.smtp() as client:
            client.sendmail("ada@example.org", [USERS[3]], content)
    except (OSError, smtplib.SMTPException):
        return False
    return True
