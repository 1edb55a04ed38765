// What a ServerSession makes of a client that does not wait for replies.
#include <catch2/catch.hpp>

#include "common/smtp/server_session.h"
#include "tests/unit/smtp/conversation.h"
#include "tests/unit/smtp/replies.h"

using namespace postrider::smtp;
using postrider::smtp::test::codes;
using postrider::smtp::test::Conversation;

namespace {

constexpr std::string_view kTransaction = "MAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\n";

bool impatient(std::string_view bytes) {
  Conversation c;
  c.say("EHLO a\r\n");
  c.say(bytes);
  return c.session.impatient();
}

}  // namespace

TEST_CASE("smtp server session: a group of commands that may stand in one is patient", "[smtp]") {
  const std::string bytes = GENERATE(
      "MAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\nRCPT TO:<c@c>\r\nDATA\r\n", "RSET\r\nNOOP\r\n",
      "RSET\r\nMAIL FROM:<a@a>\r\nVRFY x\r\n", "HELP\r\nQUIT\r\n",
      "MAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\nBDAT 3 LAST\r\nx\r\nMAIL FROM:<a@a>\r\nRSET\r\n");
  CHECK_FALSE(impatient(bytes));
}

TEST_CASE("smtp server session: content may begin a group", "[smtp]") {
  Conversation c;
  c.say("EHLO a\r\n");
  c.say(std::string(kTransaction) + "DATA\r\n");
  c.say("x\r\n.\r\n" + std::string(kTransaction) + "DATA\r\n");
  CHECK(c.messages.size() == 1);
  CHECK_FALSE(c.session.impatient());
}

TEST_CASE("smtp server session: what must be the last of its group is noticed when it is not",
          "[smtp]") {
  const std::string bytes =
      GENERATE("NOOP\r\nRSET\r\n", "EHLO b\r\nRSET\r\n", "HELO b\r\nRSET\r\n", "VRFY x\r\nRSET\r\n",
               "EXPN x\r\nRSET\r\n", "QUIT\r\nRSET\r\n",
               "MAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\nDATA\r\nx\r\n.\r\n", "NOOP\r\nR");
  CHECK(impatient(bytes));
}

TEST_CASE("smtp server session: before PIPELINING is offered every command is the last", "[smtp]") {
  const std::string_view hello = GENERATE("", "HELO a\r\n");
  Conversation c;
  c.say(hello);
  c.say("RSET\r\n");
  CHECK_FALSE(c.session.impatient());
  c.say("RSET\r\nRSET\r\n");
  CHECK(c.session.impatient());

  Conversation masked({.hostname = "mx.test", .offered = {.pipelining = false}});
  masked.say("EHLO a\r\n");
  masked.say("RSET\r\nRSET\r\n");
  CHECK(masked.session.impatient());
}

TEST_CASE(
    "smtp server session: content that comes behind a refused DATA is never taken for commands",
    "[smtp]") {
  Conversation c;
  c.on_open = [] { return Reply{452, "4.3.1", "insufficient system storage"}; };
  c.say("EHLO a\r\n");
  CHECK(codes(c.say(std::string(kTransaction) + "DATA\r\nRSET\r\n" + std::string(kTransaction) +
                    ".\r\n")) == "250 250 452 421");
  CHECK(c.closed);
  CHECK(c.messages.empty());
}
