"""A queue that is stuck for four reasons: what is wrong with each group is told in plain words, reasons first."""

import html
import http.client
import json
import re

import pytest
from harness import wait_for
from stuck import REASONS, stuck_suite

MESSAGES = 10_000
# Of each reason, by the list for people.
SHOWN = 1_000


@pytest.fixture(scope="module")
def suite():
    with stuck_suite(MESSAGES) as running:
        yield running


def page(suite):
    client = http.client.HTTPConnection("127.0.0.1", suite.port_base + 90, timeout=30)
    client.request("GET", "/?refresh=off")
    return html.unescape(client.getresponse().read().decode()).replace("\u202f", "")


def test_the_summary_has_each_reason_once_with_the_most_mail_first(suite):
    told = re.findall(r"^(?:up to )?(\d+) messages: (.*)$", suite.command("queue", "summary").stdout, re.M)
    assert told == [(str(int(share * MESSAGES)), means) for share, means, _ in REASONS.values()]


def test_the_page_tells_the_reasons_first_and_what_mends_them(suite):
    # It asks queued every five seconds at most.
    text = wait_for(lambda: next((text for text in [page(suite)] if all(means in text for _, means, _ in REASONS.values())),
                                 None), what="a page with all reasons")
    section = text[text.index("<h2>Why mail waits</h2>"):]
    section = section[:section.index("</section>")]
    at = [section.index(means) for _, means, _ in REASONS.values()]
    assert at == sorted(at)
    for share, means, domains in REASONS.values():
        assert re.search(rf">(up to )?{int(share * MESSAGES)}</td><td class=\"why\"><b>{re.escape(means)}", section)
        assert domains[0] in section
    assert "450 Not allowed by the local policy" in section and "is over quota" in section
    for advice in ("which rule", "port 25", "dns.servers", "make room"):
        assert advice in section
    assert re.search(r"and \d+ more", section)  # of twelve that no DNS server knows, in one way or another
    assert text.index("Why mail waits") < text.index("The queue by state and age")


def test_the_list_has_the_messages_of_each_reason_together(suite):
    groups = suite.command("queue", "list").stdout.split("\n\n")
    assert len(groups) == len(REASONS)
    for group, (share, means, domains) in zip(groups, REASONS.values()):
        count = int(share * MESSAGES)
        assert group.startswith(f"{count} messages: {means}\n")
        shown = re.findall(r"^    user\d+@(\S+)$", group, re.M)
        assert len(shown) == min(count, SHOWN) and set(shown) == set(domains)
        assert (f"and {count - SHOWN} more" in group) == (count > SHOWN)
    assert len(suite.json("queue", "list")["messages"]) == MESSAGES


@pytest.mark.parametrize("reason", REASONS)
def test_the_trace_of_a_message_says_why_it_waits(suite, reason):
    _, means, domains = REASONS[reason]
    told = suite.command("trace", f"user0@{domains[0]}").stdout.splitlines()
    assert told[1].startswith("waiting for ") and told[2].strip() == means, told[:6]


def test_the_doctor_tells_each_group_with_its_mend(suite):
    done = suite.command("doctor", "--json", "--probe", "127.0.0.1:1", check=False)
    groups = [one for one in json.loads(done.stdout)["findings"] if one["area"] == "queue" and one["health"] != "ok"]
    assert len(groups) == len(REASONS)
    for group, (share, means, _) in zip(groups, REASONS.values()):
        assert f"{int(share * MESSAGES)} messages: {means}" in group["text"] and group["mend"]


def test_status_counts_it_and_says_where_to_look(suite):
    status = suite.json("status")
    assert status["deferred"] == MESSAGES
    assert f"{MESSAGES} deferred" in suite.command("status").stdout
