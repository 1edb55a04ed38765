"""Destinations that hang or are down, with more mail for them than memory holds: all other mail goes on,
and what waits goes out when they are back."""

import json
import time

import pytest
from harness import Instance, free_port, wait_for
from peer import Peer

SENDER = "sender@example.test"
ACTIVE_LIMIT = 50
BACKLOG = 4 * ACTIVE_LIMIT


@pytest.fixture
def peers():
    with Peer() as live, Peer() as other:
        yield live, other


def suite_for(routes, **sections):
    settings = {"queue": {"retry_interval": "2s", "active_limit": ACTIVE_LIMIT},
                "deliverd": {"sync_interval": "20ms"},
                "route": [{"match": domain, "via": via} for domain, via in routes.items()]}
    for name, values in sections.items():
        settings[name].update(values)
    suite = Instance(settings)
    suite.add_user(SENDER)
    return suite


def send(suite, recipient, count=1):
    with suite.smtp() as client:
        for number in range(count):
            client.sendmail(SENDER, [recipient], f"Subject: number {number}\r\n\r\ntext\r\n")


def test_a_destination_that_hangs_with_more_mail_than_memory_holds_stops_no_other(peers):
    live, hanging = peers
    hanging.script["CONNECT"] = lambda _, __: None
    with suite_for({"live.test": live.route, "hanging.test": hanging.route}) as suite:
        send(suite, "x@hanging.test", BACKLOG)
        began = time.monotonic()
        send(suite, "x@live.test", 10)
        wait_for(lambda: len(live.messages) == 10, what="the mail for the live destination")
        assert time.monotonic() - began < 5
        assert hanging.connections <= 3
        # Local mail too.
        send(suite, SENDER)
        wait_for(lambda: suite.mailbox(SENDER), what="a local delivery")
        # All of it is there, and most of it on disk.
        wait_for(lambda: suite.json("status")["deferred"] >= BACKLOG - ACTIVE_LIMIT, what="room in memory")
        # The local one is done once it is synced.
        status = wait_for(lambda: (s := suite.json("status"))["active"] + s["deferred"] == BACKLOG and s,
                          what="the end of the local delivery")
        assert status["active"] <= ACTIVE_LIMIT
        assert "outage_began" not in suite.log_text()


def test_mail_for_a_destination_that_was_down_goes_out_when_it_is_back():
    port = free_port()
    with suite_for({"down.test": f"smtp:[127.0.0.1]:{port}"}) as suite:
        send(suite, "x@down.test", BACKLOG)
        summary = wait_for(lambda: (s := suite.json("queue", "summary"))["outages"] and s, what="an outage")
        outage = summary["outages"][0]
        assert outage["destination"] == f"smtp:[127.0.0.1]:{port}"
        assert "refused" in outage["reason"]
        assert outage["since"] and outage["next_probe"]
        told = suite.command("queue", "summary").stdout
        assert f"waiting for smtp:[127.0.0.1]:{port}: " in told and " since 20" in told
        # What was in memory may have been attempted; the others wait for it and say so.
        wait_for(lambda: suite.json("status")["deferred"] == BACKLOG, what="a queue that rests")
        waiting = suite.json("queue", "list")["messages"]
        turned_away = [m for m in waiting if "waiting for" in m["recipients"][0]["reply"]]
        assert len(turned_away) >= BACKLOG - ACTIVE_LIMIT, json.dumps(waiting[:3])
        assert {m["recipients"][0]["attempts"] for m in turned_away} <= {0, 1}

        with Peer(port) as back:
            wait_for(lambda: len(back.messages) >= BACKLOG, 60, what="the whole backlog")
            wait_for(lambda: not suite.json("queue", "list")["messages"], what="an empty queue")
            assert len(back.messages) == BACKLOG
        assert suite.json("queue", "summary")["outages"] == []
        assert "event=outage_ended" in suite.log_text()
        assert suite.mailbox(SENDER) == []


def test_a_restart_remembers_who_waits_for_which_destination(peers):
    _, hanging = peers
    hanging.script["CONNECT"] = lambda _, __: None
    with suite_for({"hanging.test": hanging.route}) as suite:
        send(suite, "x@hanging.test", BACKLOG)
        wait_for(lambda: suite.json("status")["deferred"] >= BACKLOG - ACTIVE_LIMIT, what="room in memory")
        suite.kill()
        del hanging.script["CONNECT"]
        suite.start()
        wait_for(lambda: len(hanging.messages) >= BACKLOG, 60, what="the whole backlog")
        wait_for(lambda: not suite.json("queue", "list")["messages"], what="an empty queue")
        assert len(hanging.messages) == BACKLOG
