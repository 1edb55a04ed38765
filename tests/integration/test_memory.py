"""The memory of every process is bounded, whatever the size of a message."""

import pathlib

from harness import Instance, wait_for
from peer import Peer

ANNA = "anna@example.test"
MIB = 1 << 20
SIZE = 40 * MIB
# A process may keep buffers and caches of its own, never a message.
MAY_GROW = 8 * MIB


def peaks(suite):
    """The most memory that each process has used so far, in octets."""
    found = {}
    for pid in suite.pids():
        status = dict(line.split(":\t", 1) for line in
                      pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
        found[pid] = (status["Name"], int(status["VmHWM"].split()[0]) << 10)
    return found


def test_a_large_message_is_never_in_the_memory_of_a_process():
    line = b"x" * 76 + b"\r\n"
    large = b"Subject: large\r\n\r\n" + line * (SIZE // len(line))
    with Peer() as peer, Instance({"route": [{"match": "far.test", "via": peer.route}]}) as suite:
        suite.add_user(ANNA)
        with suite.smtp() as client:
            client.sendmail("ada@example.org", [ANNA, "x@far.test"], b"Subject: small\r\n\r\nsmall\r\n")
        wait_for(lambda: len(suite.mailbox(ANNA)) == 1 and len(peer.messages) == 1)
        suite.pop3(ANNA).quit()
        before = peaks(suite)
        with suite.smtp() as client:
            client.sendmail("ada@example.org", [ANNA, "x@far.test"], large)
        wait_for(lambda: len(suite.mailbox(ANNA)) == 2 and len(peer.messages) == 2, 60)
        client = suite.pop3(ANNA)
        fetched = client.retr(2)[1]
        client.quit()
        after = peaks(suite)
        assert peer.messages[1].content.endswith(large)
        assert b"".join(one + b"\r\n" for one in fetched).endswith(large)
    grown = {f"{name} {pid}": (now - before[pid][1]) / MIB for pid, (name, now) in after.items()}
    for process, octets in grown.items():
        print(f"{process}: {octets:+.1f} MiB")
    assert set(before) == set(after)
    assert max(grown.values()) * MIB <= MAY_GROW, grown
