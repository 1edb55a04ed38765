"""[[destination]]: mail for many domains behind few hosts comes as fast as their limits allow, and no faster."""

import destinations
import nsd
import pytest
from harness import SINK, Instance, free_port
from smtp_sink import Sink

pytestmark = pytest.mark.skipif(nsd.NSD is None, reason="nsd is not installed")

MESSAGES = 3000
DOMAINS = 150
# Connections and messages a second of each host: the slowest allows a third of the messages within eight seconds.
LIMITS = ((4, 500), (2, 250), (1, 125))
# Than the limits allow, at most: other tests may run beside this one. The benchmark asks for 1.2.
SLOWER = 1.5
GROUP = 50      # of messages, sent without awaiting replies


def queue(suite, messages):
    """For every domain in turn; they stay in the spool until all are there."""
    content = "Subject: a\r\n\r\n"
    with suite.smtpd_alone(), suite.smtp() as client:
        client.ehlo()
        for first in range(0, messages, GROUP):
            client.send("".join(
                f"MAIL FROM:<anna@example.test>\r\nRCPT TO:<b{i}@d{i % DOMAINS}.{destinations.ZONE}>\r\n"
                f"BDAT {len(content)} LAST\r\n{content}" for i in range(first, first + GROUP)))
            assert {client.getreply()[0] for _ in range(3 * GROUP)} == {250}


def send(folder, messages, limited):
    """The hosts, and what came to them."""
    port = free_port()
    hosts = destinations.hosts(port, *LIMITS)
    with nsd.serve(folder, destinations.zone(hosts, DOMAINS)) as dns:
        configuration = {"dns": {"servers": [dns]}, "relay": {"port": port},
                         "destination": [host.limits() for host in hosts] if limited else []}
        with Instance(configuration, start=False) as suite:
            queue(suite, messages)
            with Sink(SINK, {host.address: host.rate for host in hosts}, messages) as sink:
                suite.start()
                assert sink.has_ended(60), sink.stop()
            return hosts, sink.report


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    return send(tmp_path_factory.mktemp("nsd"), MESSAGES, limited=True)


def test_each_host_gets_its_messages(sent):
    hosts, report = sent
    assert [report[host.address]["messages"] for host in hosts] == [MESSAGES / len(hosts)] * len(hosts)


def test_no_limit_is_exceeded_at_any_instant(sent):
    assert destinations.excesses(*sent) == []


def test_all_arrive_in_about_the_time_that_the_limits_allow(sent):
    hosts, report = sent
    assert destinations.taken_seconds(report) <= SLOWER * destinations.allowed_seconds(hosts, report)


def test_without_limits_they_would_be_exceeded(tmp_path):
    excesses = " ".join(destinations.excesses(*send(tmp_path, DOMAINS * 4, limited=False)))
    assert "connections at a time, 1 allowed" in excesses
    for _, rate in LIMITS:
        assert f"before {rate}/s allows it" in excesses
