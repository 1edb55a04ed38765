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
