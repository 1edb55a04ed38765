// What a ServerSession takes of one client and of one message, and of a client that brings none.
#include <catch2/catch.hpp>

#include "tests/unit/smtp/conversation.h"
#include "tests/unit/smtp/replies.h"

namespace smtp_server_session_limits_test {

using namespace postrider::smtp;
using testing::codes;
using testing::Conversation;

namespace {

constexpr std::string_view kEnvelope = "EHLO a\r\nMAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\n";

// Accepts b, and later everybody but guesses.
Reply judge(const Mailbox& recipient) {
  if (recipient.local_part == "later") return {450, "4.2.1", "not now"};
  if (recipient.local_part == "guess") return {550, "5.1.1", "no such user"};
  return {250, "2.1.5", "ok"};
}

}  // namespace

TEST_CASE("smtp server session: commands that bring no message nearer come to an end", "[smtp]") {
  const auto [before, again] = GENERATE(table<std::string_view, std::string>({
      {"", "NOOP\r\n"},
      {"", "RSET\r\n"},
      {"", "HELP\r\n"},
      {"", "EHLO a\r\n"},
      {"", "HELO a\r\n"},
      {"", "VRFY x\r\n"},
      {"EHLO a\r\n", "MAIL FROM:<a@a> SIZE=99999999\r\n"},
      {"EHLO a\r\n", "MAIL FROM:<a@a>\r\nRSET\r\n"},
      {"EHLO a\r\n", "MAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\nRSET\r\n"},
      {"EHLO a\r\n", "MAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\nBDAT 1\r\nxRSET\r\n"},
      {"EHLO a\r\n", "MAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\nDATA\r\nx\r\n.\r\n"},
      {"EHLO a\r\n", "MAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\nDATA\r\nbare\nlf\r\n.\r\n"},
      {"EHLO a\r\nMAIL FROM:<a@a>\r\n", "RCPT TO:<later@b>\r\n"},
      {kEnvelope, "RCPT TO:<c@b>\r\n"},
      {kEnvelope, "BDAT 0\r\n"},
  }));
  CAPTURE(before, again);
  Conversation c({.hostname = "mx.test", .recipient_limit = 1, .command_limit = 30});
  c.on_recipient = judge;
  c.on_commit = [] { return Reply{550, "5.7.1", "no"}; };
  c.say(before);
  std::string heard;
  int times = 0;
  for (; !c.closed && times < 40; ++times) heard = c.say(again);
  CHECK(times > 30 / 5);
  CHECK(heard.ends_with("421 4.7.0 mx.test closing: too many commands and no message\r\n"));
  CHECK(c.closed);
}

TEST_CASE("smtp server session: who brings messages never comes to the limit of commands",
          "[smtp]") {
  Conversation c({.hostname = "mx.test", .command_limit = 10});
  c.say("EHLO a\r\n");
  const std::string mail = "MAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\n";
  std::string one;
  SECTION("in many messages") {
    for (int i = 0; i < 20; ++i) c.say("RSET\r\nNOOP\r\n" + mail + "DATA\r\n.\r\n");
    CHECK(c.messages.size() == 20);
  }
  SECTION("to many recipients") {
    for (int i = 0; i < 30; ++i) one += "RCPT TO:<b@b>\r\n";
    c.say(mail + one + "DATA\r\n.\r\n");
    CHECK(c.messages.size() == 1);
  }
  SECTION("in many chunks") {
    for (int i = 0; i < 30; ++i) one += "BDAT 1\r\nx";
    c.say(mail + one + "BDAT 0 LAST\r\n");
    REQUIRE(c.messages.size() == 1);
    CHECK(c.messages[0].content == std::string(30, 'x'));
  }
  CHECK(codes(c.say("NOOP\r\n")) == "250");
}

TEST_CASE("smtp server session: who guesses addresses is sent away", "[smtp]") {
  const std::string guess =
      GENERATE("RCPT TO:<guess@b>\r\n", "VRFY guess@b\r\n", "EXPN guess@b\r\n");
  Conversation c({.hostname = "mx.test", .bad_recipient_limit = 3, .vrfy = true, .expn = true});
  c.on_recipient = judge;
  c.on_address = judge;
  c.say(kEnvelope);
  CHECK(codes(c.say(guess + guess)) == "550 550");
  CHECK(c.session.errors() == 2);
  SECTION("with the last that it may have") {
    CHECK(c.say(guess + guess) ==
          "550 5.1.1 no such user\r\n421 4.7.0 mx.test closing: too many refused recipients\r\n");
    CHECK(c.closed);
  }
  SECTION("however it tries again") {
    CHECK(codes(c.say("RSET\r\nMAIL FROM:<a@a>\r\n" + guess)) == "250 250 550 421");
  }
  SECTION("but what is refused for now does not count") {
    for (int i = 0; i < 9; ++i) c.say("RCPT TO:<later@b>\r\n");
    CHECK(c.session.errors() == 2);
    CHECK_FALSE(c.closed);
  }
  SECTION("but an accepted message makes up for them") {
    c.say("DATA\r\n.\r\nMAIL FROM:<a@a>\r\n");
    CHECK(codes(c.say(guess + guess)) == "550 550");
  }
}

TEST_CASE("smtp server session: where guesses have no limit, they come to none", "[smtp]") {
  Conversation c({.hostname = "mx.test", .bad_recipient_limit = 0});
  c.on_recipient = judge;
  c.say("EHLO a\r\nMAIL FROM:<a@a>\r\n");
  for (int i = 0; i < 200; ++i) CHECK(codes(c.say("RCPT TO:<guess@b>\r\n")) == "550");
}

TEST_CASE("smtp server session: limits of recipients, messages and bad commands", "[smtp]") {
  Conversation c(
      {.hostname = "mx.test", .recipient_limit = 1, .bad_command_limit = 3, .message_limit = 1});
  CHECK(codes(c.say(std::string(kEnvelope) + "RCPT TO:<c@c>\r\n")) == "220 250 250 250 452");
  CHECK(codes(c.say("FOO\r\nFOO\r\nDATA\r\n.\r\n")) == "500 500 354 250");
  SECTION("an accepted message makes up for bad commands") {
    CHECK(codes(c.say("FOO\r\nFOO\r\nFOO\r\nFOO\r\n")) == "500 500 500 421");
    CHECK(c.closed);
  }
  SECTION("one message is enough") {
    CHECK(c.say("MAIL FROM:<a@b>\r\n").starts_with("421 4.7.0 "));
    CHECK(c.closed);
  }
}

TEST_CASE("smtp server session: a message's recipients are of so many domains", "[smtp]") {
  Conversation c({.hostname = "mx.test", .recipient_domain_limit = 2});
  CHECK(c.say("EHLO a.test\r\n").find("RCPTDOMAINMAX=2\r\n") != std::string::npos);
  CHECK(codes(c.say("MAIL FROM:<a@a.test>\r\nRCPT TO:<a@x.test>\r\nRCPT TO:<a@y.test>\r\n")) ==
        "250 250 250");
  CHECK(c.say("RCPT TO:<a@z.test>\r\n") == "452 4.5.3 too many recipient domains\r\n");
  CHECK(codes(c.say("RCPT TO:<b@X.TEST>\r\nDATA\r\n.\r\n")) == "250 354 250");
  REQUIRE(c.messages.size() == 1);
  CHECK(c.messages[0].recipients.size() == 3);
}

}  // namespace smtp_server_session_limits_test
