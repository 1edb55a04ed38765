// The checks of sender and recipients.
#include <catch2/catch.hpp>

#include "tests/unit/checks/facts.h"

namespace checks_envelope_test {

using namespace postrider;
using namespace postrider::checks;
using checks::testing::Stranger;
using directory::RecipientAnswer;
using Kind = RecipientAnswer::Kind;

TEST_CASE("sender domain check: a sender's domain takes mail", "[checks]") {
  const auto [mail, found] = GENERATE(table<DomainMail, std::string>({
      {DomainMail::taken, ""},
      {DomainMail::refused, "550 5.7.27 the sender's domain far.test takes no mail (null MX)"},
      {DomainMail::none, "550 5.1.8 the sender's domain far.test has no mail server"},
      {DomainMail::no_domain, "550 5.1.8 the sender's domain far.test does not exist"},
      {DomainMail::temporary, "450 4.4.3 the sender's domain far.test cannot be looked up now"},
  }));
  Stranger s;
  s.facts.sender_mail = mail;
  CHECK(s.found(&sender_domain) == found);
  s.facts.sender = {"ann", "[192.0.2.1]"};
  CHECK(s.found(&sender_domain).empty());
  s.facts.sender = {};
  CHECK(s.found(&sender_domain).empty());
}

TEST_CASE("sender is ours check: a stranger sends as one of us", "[checks]") {
  Stranger s;
  CHECK(s.found(&sender_is_ours).empty());
  s.facts.sender_is_ours = true;
  CHECK(s.found(&sender_is_ours) == "550 5.7.1 who sends as ann@far.test must log in");
}

TEST_CASE("recipient check: who may get mail from whom", "[checks]") {
  Stranger s;
  s.client.may_relay = GENERATE(false, true);
  const auto found = [&](Kind kind) {
    s.facts.answer = RecipientAnswer{kind, "", {}};
    return s.found(&recipient);
  };
  CHECK(found(Kind::mailbox).empty());
  CHECK(found(Kind::alias).empty());
  CHECK(found(Kind::unknown_user) == "550 5.1.1 no such user");
  CHECK(found(Kind::foreign) == (s.client.may_relay ? "" : "550 5.7.1 relaying denied"));
  s.facts.answer = fail(ErrorKind::temporary, "locked");
  CHECK(s.found(&recipient).starts_with("451 4.3.0 "));
}

TEST_CASE("recipient check: a rewritten reverse-path takes bounces alone", "[checks]") {
  Stranger s;
  s.facts.answer = RecipientAnswer{.kind = Kind::alias, .bounces_only = true};
  s.facts.sender = {};
  CHECK(s.found(&recipient).empty());
  s.facts.sender = GENERATE(values<smtp::Mailbox>({{"ann", "far.test"}, {"", "far.test"}}));
  CHECK(s.found(&recipient) == "550 5.7.1 this address takes delivery reports alone, from <>");
}

TEST_CASE(
    "recipient check: why a rewritten reverse-path is none is told, whatever routes there are",
    "[checks]") {
  const config::Route route{.match = "here.test", .via = {"smtp:h.test"}};
  Stranger s;
  s.facts.route = &route;
  s.facts.answer = RecipientAnswer{.kind = Kind::unknown_user, .reason = "too old"};
  CHECK(s.found(&recipient) == "550 5.1.1 too old");
}

TEST_CASE("recipient check: a domain of ours that a route takes gets mail for anyone", "[checks]") {
  const config::Route route{"here.test", {GENERATE("smtp:h.test", "mx", "discard:")}};
  Stranger s;
  s.facts.route = &route;
  const auto found = [&](Result<RecipientAnswer> answer) {
    s.facts.answer = std::move(answer);
    return s.found(&recipient);
  };
  CHECK(found(RecipientAnswer{Kind::unknown_user, "", {}}).empty());
  CHECK(found(RecipientAnswer{Kind::mailbox, "", {}}).empty());
  // A route alone lets nobody relay.
  CHECK(found(RecipientAnswer{Kind::foreign, "", {}}).starts_with("550"));
  CHECK(found(fail(ErrorKind::temporary, "locked")).starts_with("451"));
}

TEST_CASE("recipient check: but a mail store that a route leads to, for known users alone",
          "[checks]") {
  const config::Route route{"here.test", {"lmtp:unix:/run/lmtp"}};
  Stranger s;
  s.facts.route = &route;
  s.facts.answer = RecipientAnswer{Kind::unknown_user, "", {}};
  CHECK(s.found(&recipient) == "550 5.1.1 no such user");
  s.facts.answer = RecipientAnswer{Kind::mailbox, "", {}};
  CHECK(s.found(&recipient).empty());
}

TEST_CASE("recipient domain check: a domain that is not ours is written in full, or has a route",
          "[checks]") {
  Stranger s;
  s.facts.answer = RecipientAnswer{Kind::foreign, "", {}};
  s.facts.recipient = {"bob", "localhost"};
  CHECK(s.found(&recipient_domain) ==
        "550 5.1.2 localhost is not a fully-qualified domain: write it in full");
  SECTION("one with a dot is") { s.facts.recipient.domain = "far.test"; }
  SECTION("an address literal is") { s.facts.recipient.domain = "[IPv6:::1]"; }
  SECTION("one of ours is taken as it is") {
    s.facts.answer = RecipientAnswer{Kind::mailbox, "bob@localhost", {}};
  }
  SECTION("so is one that a route takes") {
    s.settings.routes = {{GENERATE("localhost", "*"), {GENERATE("smtp:h.test", "hold:")}}};
  }
  SECTION("and where a smarthost takes all") { s.settings.relay.smarthost = "h.test"; }
  SECTION("where the directory is away another check defers") {
    s.facts.answer = fail(ErrorKind::temporary, "locked");
  }
  CHECK(s.found(&recipient_domain).empty());
}

TEST_CASE("null sender check: a report has one recipient", "[checks]") {
  Stranger s;
  s.facts.recipients = 2;
  CHECK(s.found(&null_sender).empty());
  s.facts.sender = {};
  CHECK(s.found(&null_sender) == "550 5.5.3 a message from <> goes to one recipient");
  s.facts.recipients = 1;
  CHECK(s.found(&null_sender).empty());
}

}  // namespace checks_envelope_test
