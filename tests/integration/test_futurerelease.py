"""FUTURERELEASE (RFC 4865): a message that a user has held goes out when its time has come, through restarts,
or when an operator says so."""

import datetime
import time

import pytest
from harness import DOMAIN, Instance, wait_for

ANNA, BOB = f"anna@{DOMAIN}", f"bob@{DOMAIN}"
MESSAGE = b"Subject: x\r\n\r\n"


@pytest.fixture(scope="module")
def suite():
    with Instance(start=False) as running:
        running.configure({"smtpd": {
            "listen": [{"address": f"127.0.0.1:{running.port_base + 25}", "mode": "mx"},
                       {"address": f"127.0.0.1:{running.port_base + 587}", "mode": "submission"}],
            "xclient_networks": ["127.0.0.1"], "future_release_max": "1h"}})
        running.start()
        running.add_user(BOB)
        yield running


def send(suite, parameter):
    """As a user who is logged in; waits until the queue has put it off."""
    before = {message["id"] for message in queued(suite)}
    with suite.smtp(suite.port_base + 587) as client:
        assert client.docmd(f"XCLIENT LOGIN={ANNA}")[0] == 220
        client.ehlo()
        assert client.esmtp_features["futurerelease"].startswith("3600 ")
        client.sendmail(ANNA, [BOB], MESSAGE, [parameter])
    return wait_for(lambda: [m for m in queued(suite) if m["id"] not in before and m["state"] == "deferred"])[0]


def queued(suite):
    return suite.json("queue", "list")["messages"]


def test_it_goes_out_when_its_time_has_come_through_a_restart(suite):
    before, begun = len(suite.mailbox(BOB)), time.monotonic()
    message = send(suite, "HOLDFOR=10")
    assert message["release"] == message["next_attempt"] is not None
    assert message["recipients"][0]["attempts"] == 0
    assert f"held until {message['release']}" in suite.command("queue", "list").stdout
    assert "held until" in suite.command("queue", "show", message["id"]).stdout
    suite.restart()
    assert len(suite.mailbox(BOB)) == before
    wait_for(lambda: len(suite.mailbox(BOB)) == before + 1)
    assert time.monotonic() - begun > 9
    wait_for(lambda: not queued(suite))


@pytest.mark.parametrize("verb, delivered", [("retry", 1), ("delete", 0)])
def test_an_operator_sends_it_at_once_or_deletes_it(suite, verb, delivered):
    before = len(suite.mailbox(BOB))
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=30)
    message = send(suite, f"HOLDUNTIL={until:%Y-%m-%dT%H:%M:%SZ}")
    suite.command("queue", verb, message["id"])
    wait_for(lambda: not queued(suite))
    wait_for(lambda: len(suite.mailbox(BOB)) == before + delivered)


def test_longer_than_is_offered_it_is_not_held(suite):
    with suite.smtp(suite.port_base + 587) as client:
        client.docmd(f"XCLIENT LOGIN={ANNA}")
        client.ehlo()
        assert client.docmd(f"MAIL FROM:<{ANNA}> HOLDFOR=3601")[0] == 501
        assert client.docmd(f"MAIL FROM:<{ANNA}> HOLDFOR=1 HOLDUNTIL=2020-01-01T00:00:00Z")[0] == 501


def test_servers_are_not_offered_it(suite):
    with suite.smtp() as client:
        client.ehlo()
        assert not client.has_extn("futurerelease")
        assert client.docmd("MAIL FROM:<ada@example.org> HOLDFOR=1")[0] == 555
