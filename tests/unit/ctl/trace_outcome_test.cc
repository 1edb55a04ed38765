#include "ctl/trace_outcome.h"

#include <catch2/catch.hpp>

#include "ctl/trace_words.h"

namespace ctl_trace_outcome_test {

using namespace postrider;
using namespace std::chrono_literals;
using trace::Event;

namespace {

Event event(std::string process, std::string name, trace::Values values) {
  return {WallTime(1'800'000'000s), std::move(process), std::move(name), std::move(values)};
}

const Event kAccepted = event("smtpd", "accepted",
                              {{"from", "ada@here.test"}, {"to", "Bob@there.test"}, {"size", "7"}});

Event told(std::string name, std::string to, std::string status, std::string reply,
           std::string remote = "mx.there.test[192.0.2.1]") {
  return event("queued", std::move(name),
               {{"to", std::move(to)},
                {"original", "Bob@there.test"},
                {"status", std::move(status)},
                {"reply", std::move(reply)},
                {"remote", std::move(remote)}});
}

ctl::TraceOutcome outcome(std::vector<Event> events) {
  return ctl::outcome_of({"0d4f0f0f0f0000000001", std::move(events)});
}

}  // namespace

TEST_CASE("trace outcome: what was accepted and nobody has told more of is active", "[ctl]") {
  const auto found = outcome({kAccepted});
  CHECK(found.state == "active");
  CHECK(found.from == "ada@here.test");
  CHECK(found.recipients.size() == 1);
}

TEST_CASE("trace outcome: what is deferred waits, for a reason in plain words", "[ctl]") {
  const auto found =
      outcome({kAccepted, told("deferred", "bob@there.test", "4.2.2", "452 4.2.2 mailbox full"),
               event("queued", "waits", {{"until", "2027-01-15T08:30:00Z"}})});
  CHECK(found.state == "waiting");
  CHECK(found.name == "mailbox_full");
  CHECK_FALSE(found.why.empty());
  CHECK(found.said == "mx.there.test[192.0.2.1] said: 452 4.2.2 mailbox full");
  CHECK(found.until == "2027-01-15T08:30:00Z");
  CHECK(found.recipients.size() == 1);
}

TEST_CASE("trace outcome: the last word counts", "[ctl]") {
  const auto found =
      outcome({kAccepted, told("deferred", "bob@there.test", "4.2.2", "452 4.2.2 mailbox full"),
               event("queued", "waits", {{"until", "2027-01-15T08:30:00Z"}}),
               event("queued", "held", {{"reason", "looks odd"}}),
               told("delivered", "bob@there.test", "2.0.0", "250 ok")});
  CHECK(found.state == "delivered");
  CHECK(found.until.empty());
  CHECK(found.why.empty());
}

TEST_CASE("trace outcome: what is held is, until it is released", "[ctl]") {
  const Event held = event("queued", "held", {{"reason", "looks odd"}});
  CHECK(outcome({kAccepted, held}).state == "held");
  CHECK(outcome({kAccepted, held}).said == "looks odd");
  CHECK(outcome({kAccepted, held, told("deferred", "bob@there.test", "4.4.1", "no route")}).state ==
        "waiting");
}

TEST_CASE("trace outcome: some in one way and some in another", "[ctl]") {
  const auto found = outcome(
      {kAccepted,
       event("queued", "expanded", {{"original", "Bob@there.test"}, {"to", "one@there.test"}}),
       event("queued", "expanded", {{"original", "Bob@there.test"}, {"to", "two@there.test"}}),
       told("delivered", "one@there.test", "2.0.0", "250 ok"),
       told("bounced", "two@there.test", "5.1.1", "550 5.1.1 nobody")});
  CHECK(found.state == "ended");
  CHECK(found.name == "bad_address");
  CHECK(found.recipients.size() == 2);
}

TEST_CASE("trace outcome: what was refused or broken off was never ours", "[ctl]") {
  CHECK(outcome({event("smtpd", "message_refused", {{"reply", "552 too large"}})}).said ==
        "552 too large");
  CHECK(outcome({event("smtpd", "message_abandoned", {{"from", "a@b"}})}).state == "abandoned");
  CHECK(outcome(
            {event("smtpd", "recipient_refused", {{"to", "c@d"}, {"reply", "550 no"}}), kAccepted})
            .state == "active");
  CHECK(outcome({event("smtpd", "connected", {})}).state == "session");
}

TEST_CASE("trace words: what is optional is left out where there is nothing to say", "[ctl]") {
  CHECK(ctl::words_for(event("smtpd", "connected", {{"client", "192.0.2.1"}})) ==
        "a client connected: 192.0.2.1");
  CHECK(ctl::words_for(event("smtpd", "connected", {{"client", "192.0.2.1"}, {"mode", "mx"}})) ==
        "a client connected: 192.0.2.1, to a listener of mode mx");
  CHECK(ctl::words_for(event("x", "unheard_of", {{"id", "1"}, {"k", "v"}})) == "unheard_of k=v");
}

TEST_CASE("trace words: a dialogue is read line by line", "[ctl]") {
  const auto lines = ctl::dialogue_of("0 < 220 mx\n12 > EHLO a\n20 * TLSv1.3\nodd");
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].who == "server");
  CHECK(lines[1].who == "client");
  CHECK(lines[1].ms == 12);
  CHECK(lines[1].text == "EHLO a");
  CHECK(lines[2].who == "event");
  CHECK(lines[3].text == "odd");
}

}  // namespace ctl_trace_outcome_test
