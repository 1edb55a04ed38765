// LMTP, RFC 2033: how a ServerSession of it differs from one of SMTP.
#include <catch2/catch.hpp>

#include "tests/unit/smtp/conversation.h"
#include "tests/unit/smtp/replies.h"

namespace smtp_lmtp_test {

using namespace postrider;
using namespace postrider::smtp;
using smtp::testing::codes;
using smtp::testing::Conversation;

namespace {

ServerSettings lmtp_settings() {
  return {.hostname = "mx.test", .protocol = Protocol::lmtp, .message_size_limit = 100};
}

constexpr std::string_view kToThree =
    "LHLO client.test\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<one@b.test>\r\nRCPT TO:<bad@b.test>\r\n"
    "RCPT TO:<two@b.test>\r\n";

// Refuses bad@b.test.
Reply judge(const Mailbox& recipient) {
  return recipient.local_part == "bad" ? Reply{550, "5.1.1", "no"} : Reply{250, "2.1.5", "ok"};
}

}  // namespace

TEST_CASE("smtp lmtp: each recipient that was accepted has a reply at the end of the message",
          "[smtp]") {
  const auto [content, committed, expected] = GENERATE(table<std::string, Reply, std::string>({
      {"DATA\r\nx\r\n.\r\n", {250, "2.0.0", "queued"}, "354 250 250"},
      {"DATA\r\nx\r\n.\r\n", {451, "4.3.0", "later"}, "354 451 451"},
      {"DATA\r\nx\ny\r\n.\r\n", {250, "2.0.0", "queued"}, "354 550 550"},
      {"BDAT 3\r\nx\r\nBDAT 0 LAST\r\n", {250, "2.0.0", "queued"}, "250 250 250"},
      {"BDAT 3 LAST\r\nx\r\n", {451, "4.3.0", "later"}, "451 451"},
      {"BDAT 0\r\nBDAT 101 LAST\r\n" + std::string(99, 'x') + "\r\n", {250, "", ""}, "250 552 552"},
  }));
  const std::string wire = std::string(kToThree) + content + "NOOP\r\n";
  for (std::size_t step = 1; step <= wire.size(); step += step < 40 ? 1 : 37) {
    Conversation c(lmtp_settings());
    c.on_recipient = &judge;
    c.on_commit = [reply = committed] { return reply; };
    CHECK(codes(c.say(wire, step)) == "220 250 250 250 550 250 " + expected + " 250");
  }
}

TEST_CASE("smtp lmtp: a message to nobody is refused with 503", "[smtp]") {
  const auto command = GENERATE(values<std::string>({"DATA\r\n", "BDAT 0 LAST\r\n"}));
  Conversation c(lmtp_settings());
  c.on_recipient = &judge;
  c.say("LHLO client.test\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<bad@b.test>\r\n");
  CHECK(c.say(command) == "503 5.5.1 no valid recipients\r\n");
}

TEST_CASE("smtp lmtp: a refused message leaves no reply for the next", "[smtp]") {
  Conversation c(lmtp_settings());
  c.say(std::string(kToThree) + "DATA\r\nx\ny\r\n.\r\n");
  CHECK(codes(c.say("MAIL FROM:<a@a.test>\r\nRCPT TO:<one@b.test>\r\nDATA\r\n.\r\n")) ==
        "250 250 354 250");
}

TEST_CASE("smtp lmtp: the protocols do not know each other's greeting", "[smtp]") {
  Conversation lmtp(lmtp_settings());
  CHECK(lmtp.heard() == "220 mx.test LMTP Postrider\r\n");
  CHECK(codes(lmtp.say("EHLO a\r\nHELO a\r\nMAIL FROM:<a@a.test>\r\n")) == "500 500 503");
  CHECK(lmtp.say("LHLO a\r\n").starts_with("250-mx.test\r\n250-PIPELINING\r\n"));
  CHECK(lmtp.session.extended());
  CHECK(lmtp.say("HELP\r\n").starts_with("214-2.0.0 LHLO MAIL"));

  Conversation smtp;
  CHECK(smtp.heard() == "220 mx.test ESMTP Postrider\r\n");
  CHECK(codes(smtp.say("LHLO a\r\n")) == "500");
  CHECK(smtp.say("HELP\r\n").starts_with("214-2.0.0 HELO EHLO MAIL"));
}

}  // namespace smtp_lmtp_test
