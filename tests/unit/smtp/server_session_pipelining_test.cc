// What a ServerSession makes of a client that does not wait for replies.
#include <algorithm>
#include <catch2/catch.hpp>

#include "common/smtp/server_session.h"
#include "tests/unit/smtp/conversation.h"
#include "tests/unit/smtp/replies.h"

namespace smtp_server_session_pipelining_test {

using namespace postrider::smtp;
using postrider::smtp::testing::codes;
using postrider::smtp::testing::Conversation;

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

TEST_CASE("smtp server session: what came with a DATA that is refused is no command", "[smtp]") {
  const std::string_view refused =
      GENERATE("DATA\r\n", "DATA x\r\n", "RCPT TO:<b@b>\r\nDATA x\r\n");
  Conversation c;
  c.say("EHLO a\r\n");
  c.say("MAIL FROM:<a@a>\r\n" + std::string(refused) +
        "Subject: x\r\n\r\nRSET\r\nMAIL FROM:<evil@a>\r\nRCPT TO:<b@b>\r\nDATA\r\nx\r\n.\r\n");
  CHECK(c.messages.empty());
  CHECK(c.closed);
}

TEST_CASE("smtp server session: a DATA that is refused, and ends its group, closes nothing",
          "[smtp]") {
  Conversation c;
  c.say("EHLO a\r\n");
  c.say("MAIL FROM:<a@a>\r\nDATA\r\n");
  CHECK_FALSE(c.closed);
  c.say("RSET\r\n" + std::string(kTransaction) + "DATA\r\n");
  c.say("x\r\n.\r\n");
  CHECK(c.messages.size() == 1);
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

TEST_CASE("smtp server session: the reply to an error is given before what follows is done",
          "[smtp]") {
  const auto [bytes, sends] = GENERATE(table<std::string, unsigned>({
      {"FOO\r\nBAR\r\nNOOP\r\n", 3},
      {"NOOP\r\nMAIL FROM:<a@a>\r\nFOO\r\nRCPT TO:<b@b>\r\nNOOP\r\n", 2},
      {"MAIL FROM:<a@a>\r\nRCPT TO:<guess@b>\r\nRCPT TO:<guess@b>\r\nRCPT TO:<b@b>\r\n", 3},
  }));
  Conversation c;
  c.on_recipient = [](const Mailbox& recipient) {
    return recipient.local_part == "guess" ? Reply{550, "5.1.1", "no"} : Reply{250, "2.1.5", "ok"};
  };
  c.say("EHLO a\r\n");
  c.sends = 0;
  c.say(bytes);
  CHECK(c.sends == sends);
}

TEST_CASE("smtp server session: replies are given before they are many octets", "[smtp]") {
  const ServerSettings settings{.hostname = "mx.test", .command_limit = 10'000};
  ServerSession session(settings, settings.offered);
  std::string bytes;
  for (int i = 0; i < 3000; ++i) bytes += "EHLO a\r\n";
  session.on_bytes(bytes);
  std::size_t longest = 0;
  std::size_t replies = 0;
  while (auto action = session.next_action()) {
    const auto* const send = std::get_if<Send>(&*action);
    REQUIRE(send != nullptr);
    longest = std::max(longest, send->bytes.size());
    for (std::size_t at = 0; (at = send->bytes.find("250 ", at)) != std::string::npos; ++at)
      ++replies;
  }
  CHECK(replies == 3000);
  CHECK(longest < ServerSession::kReplies + 512);
}

}  // namespace smtp_server_session_pipelining_test
