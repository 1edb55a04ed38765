#include <catch2/catch.hpp>

#include "smtpd/checks/header.h"
#include "smtpd/checks/priority.h"
#include "smtpd/checks/recipient.h"
#include "smtpd/checks/verify.h"

using namespace postrider;
using namespace postrider::smtpd;
using directory::RecipientAnswer;
using Kind = RecipientAnswer::Kind;

TEST_CASE("smtpd recipient check: who may get mail from whom", "[smtpd]") {
  const auto judge = [](Kind kind, bool may_relay) {
    return to_line(
        checks::judge_recipient({{}, may_relay}, RecipientAnswer{kind, "", {}}, nullptr));
  };
  for (const bool may_relay : {false, true}) {
    CHECK(judge(Kind::mailbox, may_relay) == "250 2.1.5 recipient ok");
    CHECK(judge(Kind::alias, may_relay) == "250 2.1.5 recipient ok");
    CHECK(judge(Kind::unknown_user, may_relay) == "550 5.1.1 no such user");
    const Result<RecipientAnswer> away = fail(ErrorKind::temporary, "locked");
    CHECK(checks::judge_recipient({{}, may_relay}, away, nullptr).code == 451);
  }
  CHECK(judge(Kind::foreign, true) == "250 2.1.5 recipient ok");
  CHECK(judge(Kind::foreign, false) == "550 5.7.1 relaying denied");
}

TEST_CASE("smtpd recipient check: a domain of ours that a route takes gets mail for anyone",
          "[smtpd]") {
  const config::Route route{"here.test", GENERATE("smtp:h.test", "mx", "discard:")};
  const auto judge = [&](const Result<RecipientAnswer>& answer) {
    return checks::judge_recipient({{}, false}, answer, &route).code;
  };
  CHECK(judge(RecipientAnswer{Kind::unknown_user, "", {}}) == 250);
  CHECK(judge(RecipientAnswer{Kind::mailbox, "", {}}) == 250);
  CHECK(judge(RecipientAnswer{Kind::foreign, "", {}}) == 550);  // a route alone lets nobody relay
  CHECK(judge(fail(ErrorKind::temporary, "locked")) == 451);
}

TEST_CASE("smtpd priority check: a stranger's mail is no more urgent than others'", "[smtpd]") {
  const auto [may_relay, asked, granted] = GENERATE(table<bool, int, int>({
      {true, 9, 9},
      {true, -9, -9},
      {false, 9, 0},
      {false, 0, 0},
      {false, -9, -9},
  }));
  const Client client{{}, may_relay};
  CHECK(checks::granted_priority(client, asked) == granted);
  CHECK(to_line(checks::answer_sender(client, asked)) ==
        (asked == granted ? "250 2.1.0 sender ok"
                          : "250 2.3.6 0 is the new priority assigned to the message"));
}

TEST_CASE("smtpd verify check: VRFY and EXPN tell what the directory knows", "[smtpd]") {
  const smtp::Mailbox asked{"a b", "here.test"};
  const auto vrfy = [&](Kind kind) {
    return to_line(checks::answer_vrfy(asked, RecipientAnswer{kind, "", {}}, nullptr));
  };
  CHECK(vrfy(Kind::mailbox) == "250 2.1.5 <\"a b\"@here.test>");
  CHECK(vrfy(Kind::unknown_user) == "550 5.1.1 no such user");
  CHECK(vrfy(Kind::foreign).starts_with("252 2.5.2"));
  CHECK(checks::answer_vrfy(asked, fail(ErrorKind::temporary, "x"), nullptr).code == 451);
  const config::Route route{"here.test", "smtp:h.test"};
  CHECK(checks::answer_vrfy(asked, RecipientAnswer{Kind::unknown_user, "", {}}, &route).code ==
        252);

  const RecipientAnswer list{Kind::alias, "", {"a@here.test", "b@far.test"}};
  CHECK(to_wire(checks::answer_expn(list)) ==
        "250-2.1.5 <a@here.test>\r\n250 2.1.5 <b@far.test>\r\n");
  CHECK(checks::answer_expn(RecipientAnswer{Kind::mailbox, "a@here.test", {}}).code == 550);
  CHECK(checks::answer_expn(fail(ErrorKind::temporary, "x")).code == 451);
}

TEST_CASE("smtpd header check: counts Received fields and octets of the header alone", "[smtpd]") {
  const std::string two = "Received: a\r\n\tfolded\r\nX-Received: no\r\nReceived: b\r\n";
  for (std::size_t step = 1; step < two.size(); ++step) {
    checks::HeaderCheck check({.octets = 1000, .received = 3});
    for (std::size_t i = 0; i < two.size(); i += step) CHECK_FALSE(check.feed(two.substr(i, step)));
    CHECK_FALSE(check.feed("\r\nReceived: c\r\nReceived: d\r\n"));
    CHECK_FALSE(check.finish());
  }
  checks::HeaderCheck loop({.octets = 1000, .received = 2});
  CHECK_FALSE(loop.feed(two));  // the last field may still go on
  CHECK(loop.finish()->status == "5.4.6");

  checks::HeaderCheck ascii({.octets = 1000, .received = 3});
  CHECK_FALSE(ascii.feed("Subject: x\r\n\r\ngr\xc3\xbc\xc3\x9f\r\n"));
  CHECK(ascii.is_ascii());
  checks::HeaderCheck beyond({.octets = 1000, .received = 3});
  CHECK_FALSE(beyond.feed("Subject: gr\xc3\xbc\xc3\x9f\r\n"));
  CHECK_FALSE(beyond.feed("\r\n"));
  CHECK_FALSE(beyond.is_ascii());

  checks::HeaderCheck longer({.octets = 10, .received = 3});
  CHECK_FALSE(longer.feed("A: 345678"));
  CHECK_FALSE(longer.feed("9"));
  CHECK(longer.feed("0")->status == "5.3.4");
}

TEST_CASE("smtpd header check: one field says that TLS is not required, and says No", "[smtpd]") {
  const auto [header, not_required] = GENERATE(table<std::string, bool>({
      {"TLS-Required: No\r\n\r\n", true},
      {"tls-required:\r\n no \r\n\r\n", true},
      {"Subject: x\r\n\r\nTLS-Required: No\r\n", false},
      {"TLS-Required: Yes\r\n\r\n", false},
      {"TLS-Required: No, thanks\r\n\r\n", false},
      {"TLS-Required: No\r\nTLS-Required: No\r\n\r\n", false},
      {"TLS-Required: No\r\nTLS-Required: Yes\r\n\r\n", false},
  }));
  checks::HeaderCheck check({.octets = 1000, .received = 10});
  CHECK_FALSE(check.feed(header));
  CHECK_FALSE(check.finish());
  CHECK(check.tls_not_required() == not_required);
}
