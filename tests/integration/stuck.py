"""A suite whose queue is stuck for four different reasons, as a bad Monday leaves it."""

import concurrent.futures
import contextlib

from harness import Instance, free_port, wait_for
from peer import Peer

SENDER = "anna@example.test"
# The share of each reason, what a person is told of it, and the domains that it concerns.
REASONS = {
    "policy": (0.4, "A rule of the recipient's site does not allow the message.", ["strict.test", "bank.test"]),
    "unreachable": (0.3, "The server for the address could not be reached.", ["down.test", "gone.test", "off.test"]),
    "dns": (0.2, "The server for the address could not be looked up in DNS.", [f"lost{i}.test" for i in range(12)]),
    "mailbox_full": (0.1, "The mailbox is full.", ["full.test"]),
}


def _send(suite, recipients):
    with suite.smtp() as client:
        for recipient in recipients:
            client.sendmail(SENDER, [recipient], "Subject: x\r\n\r\nbody\r\n")


@contextlib.contextmanager
def stuck_suite(messages, **overrides):
    """It runs, and so many messages have been tried and wait; the shares are those of REASONS."""
    with contextlib.ExitStack() as stack:
        strict, full = stack.enter_context(Peer()), stack.enter_context(Peer())
        strict.script["RCPT"] = lambda *_: "450 Not allowed by the local policy of this site"
        full.script["RCPT"] = lambda *_: "452 4.2.2 Mailbox full, the user is over quota"
        down = f"smtp:[127.0.0.1]:{free_port()}"
        routes = [{"match": domain, "via": via}
                  for reason, via in (("policy", strict.route), ("unreachable", down), ("mailbox_full", full.route))
                  for domain in REASONS[reason][2]]
        suite = stack.enter_context(Instance({"route": routes, "dns": {"servers": [f"127.0.0.1:{free_port()}"]},
                                              **overrides}))
        suite.add_user(SENDER)
        recipients = [f"user{i}@{domains[i % len(domains)]}" for share, _, domains in REASONS.values()
                      for i in range(int(share * messages))]
        with concurrent.futures.ThreadPoolExecutor(4) as senders:
            list(senders.map(lambda at: _send(suite, recipients[at::4]), range(4)))
        wait_for(lambda: _waits(suite, len(recipients)), 300, "a queue in which all was tried")
        yield suite


def _waits(suite, messages):
    status = suite.json("status")
    return status["active"] == 0 and status["deferred"] == messages
