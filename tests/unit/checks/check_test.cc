#include "common/checks/check.h"

#include <catch2/catch.hpp>

#include "common/config/parameters.h"
#include "tests/unit/checks/facts.h"

namespace checks_check_test {

using namespace postrider;
using namespace postrider::checks;
using checks::testing::Stranger;
using config::CheckAction;

namespace {

const Check& named(std::string_view name) {
  for (const Check& check : all_checks())
    if (check.name == name) return check;
  FAIL("no check " << name);
  return all_checks().front();
}

}  // namespace

TEST_CASE("checks: the table has the stages in order, each name once, each with its parameter",
          "[checks]") {
  Stage stage = Stage::connect;
  std::vector<std::string_view> names;
  for (const Check& check : all_checks()) {
    CAPTURE(check.name);
    CHECK(check.stage >= stage);
    stage = check.stage;
    CHECK(std::find(names.begin(), names.end(), check.name) == names.end());
    names.push_back(check.name);
    if (check.action == nullptr) continue;
    const auto* const parameter = config::find_parameter("checks." + std::string(check.name));
    REQUIRE(parameter != nullptr);
    config::Settings settings;
    std::get<config::Accessor<CheckAction>>(parameter->target)(settings) = CheckAction::defer;
    CHECK(settings.checks.*check.action == CheckAction::defer);
  }
}

TEST_CASE("checks: an ordinary message of a stranger meets no verdict", "[checks]") {
  const Stranger s;
  CHECK(judge(ordered(s.settings), Stage::connect, Stage::end, s.facts).empty());
}

TEST_CASE("checks: with the defaults only certain abuse refuses", "[checks]") {
  Stranger s;
  s.facts.reverse.status = net::ReverseName::Status::none;
  s.facts.helo = "[203.0.113.10]";
  s.facts.sender_mail = DomainMail::no_domain;
  s.facts.sender_is_ours = true;
  s.facts.header.misfits = 1;
  s.facts.header.single[0] = 2;
  s.facts.header.single[1] = 0;
  const Verdicts verdicts = judge(ordered(s.settings), Stage::connect, Stage::end, s.facts);
  CHECK(names_of(verdicts) ==
        "reverse_dns,helo_literal,sender_domain,sender_is_ours,header_syntax,header_repeated,"
        "header_missing");
  CHECK(decisive(verdicts) == nullptr);

  s.facts.early = true;
  CHECK(decisive(judge(ordered(s.settings), Stage::connect, Stage::end, s.facts))->check ==
        "early_talker");
}

TEST_CASE("checks: the configured action decides what a finding does", "[checks]") {
  const auto [action, reply] = GENERATE(table<CheckAction, std::string>({
      {CheckAction::tag, "550 5.7.1 you are not mx.test"},
      {CheckAction::defer, "450 4.7.1 you are not mx.test"},
      {CheckAction::refuse, "550 5.7.1 you are not mx.test"},
  }));
  Stranger s;
  s.facts.helo = "mx.test";
  s.settings.checks.helo_own_name = action;
  const auto verdict = judge(named("helo_own_name"), s.facts);
  REQUIRE(verdict);
  CHECK(verdict->check == "helo_own_name");
  CHECK(verdict->action == action);
  CHECK(to_line(verdict->reply) == reply);
  CHECK(verdict->reason() == "you are not mx.test");
  s.settings.checks.helo_own_name = CheckAction::off;
  CHECK_FALSE(judge(named("helo_own_name"), s.facts));
}

TEST_CASE("checks: a full mailbox is 452 or 552, whoever the client is", "[checks]") {
  const auto [action, reply] = GENERATE(table<CheckAction, std::string>({
      {CheckAction::defer, "452 4.2.2 the recipient's mailbox is full"},
      {CheckAction::refuse, "552 5.2.2 the recipient's mailbox is full"},
  }));
  Stranger s;
  s.client.service = GENERATE(Service::open, Service::own);
  s.settings.checks.quota = action;
  CHECK_FALSE(judge(named("quota"), s.facts));
  s.facts.room = quota::Grant::full;
  const auto verdict = judge(named("quota"), s.facts);
  REQUIRE(verdict);
  CHECK(to_line(verdict->reply) == reply);
}

TEST_CASE("checks: room that is only promised to others is refused for now, whatever is configured",
          "[checks]") {
  Stranger s;
  s.settings.checks.quota = GENERATE(CheckAction::defer, CheckAction::refuse);
  s.facts.room = quota::Grant::full_for_now;
  const auto verdict = judge(named("quota"), s.facts);
  REQUIRE(verdict);
  CHECK(to_line(verdict->reply) == "452 4.2.2 the recipient's mailbox is full");
}

TEST_CASE("checks: a message that no empty mailbox of the recipient could take is refused for good",
          "[checks]") {
  Stranger s;
  s.client.service = GENERATE(Service::open, Service::own);
  s.settings.checks.quota = GENERATE(CheckAction::off, CheckAction::defer);
  s.facts.answer = directory::RecipientAnswer{.kind = directory::RecipientAnswer::Kind::mailbox,
                                              .mailbox = "a@here.test",
                                              .quota = {.octets = 1000}};
  s.facts.declared_size = 1000;
  CHECK_FALSE(judge(named("mailbox_size"), s.facts));
  const bool declared = GENERATE(true, false);
  if (declared) {
    s.facts.declared_size = 1001;
  } else {
    s.facts.room = quota::Grant::larger;
  }
  const auto verdict = judge(named("mailbox_size"), s.facts);
  REQUIRE(verdict);
  CHECK(verdict->action == CheckAction::refuse);
  CHECK(to_line(verdict->reply) ==
        "552 5.2.3 the message is larger than the recipient's mailbox may be");
  const config::Route elsewhere{"here.test", {"smtp:h.test"}};
  s.facts.room = quota::Grant::granted;
  s.facts.route = &elsewhere;
  CHECK_FALSE(judge(named("mailbox_size"), s.facts));
  s.facts.route = nullptr;
  s.facts.answer->quota = {};
  CHECK_FALSE(judge(named("mailbox_size"), s.facts));
}

TEST_CASE("checks: what is not known is deferred, never refused", "[checks]") {
  Stranger s;
  s.settings.checks.reverse_dns = CheckAction::refuse;
  s.facts.reverse.status = net::ReverseName::Status::temporary;
  const auto verdict = judge(named("reverse_dns"), s.facts);
  REQUIRE(verdict);
  CHECK(verdict->action == CheckAction::defer);
  CHECK(verdict->reply.code == 450);
}

TEST_CASE("checks: strangers alone are asked what strangers are asked", "[checks]") {
  Stranger s;
  s.facts.helo = "mx.test";
  s.facts.answer = directory::RecipientAnswer{};  // a domain of others
  CHECK(needs_of(s.client, s.settings) == (kReverseName | kSenderMail | kSenderAnswer));
  CHECK(names_of(judge(ordered(s.settings), Stage::connect, Stage::rcpt, s.facts)) ==
        "helo_own_name,recipient");
  s.client.service = Service::own;
  CHECK(needs_of(s.client, s.settings) == 0);
  CHECK(names_of(judge(ordered(s.settings), Stage::connect, Stage::rcpt, s.facts)) == "recipient");
}

TEST_CASE("checks: users who have logged in are asked what users are asked", "[checks]") {
  Stranger s;
  s.client.service = Service::own;
  s.client.may_relay = true;
  s.facts.sender_right = SendRight::denied;
  CHECK(judge(ordered(s.settings), Stage::connect, Stage::end, s.facts).empty());
  s.client.user = "ann@here.test";
  CHECK(needs_of(s.client, s.settings) == (kSenderRight | kAuthorRights));
  const Verdicts verdicts = judge(ordered(s.settings), Stage::connect, Stage::mail, s.facts);
  REQUIRE(names_of(verdicts) == "sender_right");
  CHECK(verdicts.front().action == CheckAction::refuse);
}

TEST_CASE("checks: the configuration orders them within their stage", "[checks]") {
  Stranger s;
  s.settings.checks.order = {"helo_name", "header_missing", "reverse_dns", "header_repeated"};
  std::string names;
  Stage stage = Stage::connect;
  for (const Check* const check : ordered(s.settings)) {
    CHECK(check->stage >= stage);
    stage = check->stage;
    names += std::string(check->name) + ' ';
  }
  CHECK(names.starts_with("reverse_dns local_user early_talker helo_name helo_own_name "));
  CHECK(names.find(" header_missing header_repeated header_limit ") != std::string::npos);

  s.facts.helo = "mx";
  s.settings.hostname = "mx";
  s.settings.checks.helo_name = CheckAction::refuse;
  const Verdicts verdicts = judge(ordered(s.settings), Stage::helo, Stage::helo, s.facts);
  CHECK(decisive(verdicts)->check == "helo_name");
  s.settings.checks.order.clear();
  CHECK(decisive(judge(ordered(s.settings), Stage::helo, Stage::helo, s.facts))->check ==
        "helo_own_name");
}

TEST_CASE("checks: what is off needs no facts", "[checks]") {
  Stranger s;
  s.settings.checks.reverse_dns = s.settings.checks.sender_domain = CheckAction::off;
  CHECK(needs_of(s.client, s.settings) == kSenderAnswer);
}

TEST_CASE("verdicts: the first that refuses decides, else the first that defers", "[checks]") {
  const Verdict tag{"a", CheckAction::tag, {550, "", ""}};
  const Verdict defer{"b", CheckAction::defer, {450, "", ""}};
  const Verdict refuse{"c", CheckAction::refuse, {550, "", ""}};
  const Verdict again{"d", CheckAction::refuse, {550, "", ""}};
  CHECK(decisive({}) == nullptr);
  CHECK(decisive({tag}) == nullptr);
  CHECK(decisive({tag, defer})->check == "b");
  CHECK(decisive({tag, defer, refuse, again})->check == "c");
  CHECK(names_of({tag, defer}) == "a,b");
}

}  // namespace checks_check_test
