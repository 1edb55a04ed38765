// CHUNKING, RFC 3030: BDAT as a ServerSession takes it.
#include <catch2/catch.hpp>

#include "tests/unit/smtp/conversation.h"
#include "tests/unit/smtp/replies.h"

namespace smtp_chunking_test {

using namespace postrider::smtp;
using testing::bdat;
using testing::codes;
using testing::Conversation;
using testing::Message;

namespace {

constexpr std::string_view kEnvelope =
    "EHLO a.test\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\n";

// A conversation whose recipient was accepted.
Conversation& in_transaction(Conversation& c) {
  c.say(kEnvelope);
  return c;
}

}  // namespace

TEST_CASE("smtp chunking: it is offered, and a message comes in chunks", "[smtp]") {
  Conversation c;
  CHECK(c.say(kEnvelope).find("250-CHUNKING\r\n") != std::string::npos);
  CHECK(c.say(bdat("Subject: x\r\n\r\n.dot\r\n.\r\n", false)) ==
        "250 2.0.0 23 octets received\r\n");
  CHECK_FALSE(c.session.receiving());
  CHECK(c.say("BDAT 6 LAST\r\n") == "");
  CHECK(c.session.receiving());
  CHECK(c.say("more\r\n") == "250 2.0.0 queued\r\n");
  CHECK(c.messages == std::vector<Message>{
                          {"a@a.test", {"b@b.test"}, "Subject: x\r\n\r\n.dot\r\n.\r\nmore\r\n"}});
  CHECK(c.aborted.empty());
  CHECK(codes(c.say("MAIL FROM:<a@a.test>\r\n")) == "250");
}

TEST_CASE("smtp chunking: pipelined chunks are the same however they are cut", "[smtp]") {
  const std::string wire = std::string(kEnvelope) + bdat("A: b\r\n\r", false) +
                           bdat("\nQUIT\r", false) + bdat("\n", false) + bdat("", false) +
                           bdat("x", true) + "MAIL FROM:<>\r\nRCPT TO:<c@c.test>\r\n" +
                           bdat("bare\nlf", false) + bdat("RSET\r\n", true) + "NOOP\r\nQUIT\r\n";
  Conversation whole;
  const std::string expected = whole.say(wire);
  CHECK(codes(expected) == "220 250 250 250 250 250 250 250 250 250 250 550 550 250 221");
  REQUIRE(whole.messages.size() == 1);
  CHECK(whole.messages[0].content == "A: b\r\n\r\nQUIT\r\nx");
  for (std::size_t step = 1; step < wire.size(); step += step < 40 ? 1 : 37) {
    Conversation cut;
    CHECK(cut.say(wire, step) == expected);
    CHECK(cut.messages == whole.messages);
    CHECK(cut.closed);
  }
}

TEST_CASE("smtp chunking: the octets of a chunk are no commands, whatever its reply", "[smtp]") {
  struct Row {
    std::string before;
    std::string_view reply;
  };
  const auto row = GENERATE(values<Row>({
      {"", "503 5.5.1 say EHLO"},
      {"EHLO a\r\n", "503 5.5.1 MAIL first"},
      {"EHLO a\r\nMAIL FROM:<a@b>\r\n", "554 5.5.1 no valid recipients"},
      {std::string(kEnvelope) + bdat("x\r\n", true), "503 5.5.1 MAIL first"},
  }));
  Conversation c;
  c.say(row.before);
  c.heard();
  c.messages.clear();
  const std::size_t step = GENERATE(std::string_view::npos, std::size_t{1});
  const std::string heard = c.say(bdat("MAIL FROM:<evil@x>\r\n", true) + "NOOP\r\n", step);
  CHECK(heard.starts_with(row.reply));
  CHECK(codes(heard).ends_with(" 250"));
  CHECK(c.messages.empty());
}

TEST_CASE("smtp chunking: where it is not offered the octets are passed over as well", "[smtp]") {
  Conversation c({.hostname = "mx.test", .offered = {.pipelining = true}});
  in_transaction(c);
  CHECK(codes(c.say(bdat("QUIT\r\n", true) + "DATA\r\nx\r\n.\r\n")) == "502 354 250");
  CHECK(c.messages.size() == 1);
}

TEST_CASE("smtp chunking: a chunk whose end is not known ends the conversation", "[smtp]") {
  const auto* const argument = GENERATE("", "x", "-1", "+1", "1x", "10 FIRST", "10 LAST LAST",
                                        "LAST", "1.5", "99999999999999999999");
  CAPTURE(argument);
  Conversation c;
  in_transaction(c);
  CHECK(c.say("BDAT " + std::string(argument) + "\r\nQUIT\r\n") ==
        "421 4.5.4 mx.test closing: syntax: BDAT octets [LAST]\r\n");
  CHECK(c.closed);
}

TEST_CASE("smtp chunking: between chunks nothing else goes on", "[smtp]") {
  const auto [command, code] = GENERATE(table<std::string, std::string>({
      {"DATA", "503"},
      {"MAIL FROM:<a@b>", "503"},
      {"RCPT TO:<a@b>", "503"},
      {"NOOP", "250"},
      {"VRFY a", "252"},
      {"FOO", "500"},
  }));
  CAPTURE(command);
  Conversation c;
  in_transaction(c).say(bdat("one\r\n", false));
  CHECK(codes(c.say(command + "\r\n")) == code);
  CHECK(codes(c.say(bdat("two\r\n", true))) == "250");
  REQUIRE(c.messages.size() == 1);
  CHECK(c.messages[0].content == "one\r\ntwo\r\n");
}

TEST_CASE("smtp chunking: what gives the message up drops it, while its transaction stands",
          "[smtp]") {
  const auto* const command = GENERATE("RSET", "EHLO b.test", "HELO b.test", "QUIT", "GET /");
  CAPTURE(command);
  Conversation c;
  in_transaction(c).say(bdat("one\r\n", false));
  const std::string line = std::string(command) + "\r\n";
  c.session.on_bytes(line);
  const auto action = c.session.next_action();
  REQUIRE(action);
  CHECK(std::holds_alternative<AbortMessage>(*action));
  CHECK(c.session.transaction().recipients.size() == 1);
  c.act();
  CHECK(c.messages.empty());
  CHECK(codes(c.heard()).size() == 3);
  if (!c.closed) CHECK(codes(c.say("RCPT TO:<b@b.test>\r\n")) == "503");
}

TEST_CASE("smtp chunking: a time-out and a shutdown between chunks", "[smtp]") {
  Conversation c;
  in_transaction(c).say(bdat("one\r\n", false));
  SECTION("a time-out drops the message") {
    c.session.on_timeout();
    c.act();
    CHECK(codes(c.heard()) == "421");
    CHECK(c.aborted.size() == 1);
  }
  SECTION("a shutdown waits for its end") {
    c.session.on_shutdown();
    c.act();
    CHECK(c.heard() == "");
    CHECK(codes(c.say(bdat("two\r\n", true))) == "250 421");
    CHECK(c.messages.size() == 1);
  }
  CHECK(c.closed);
}

TEST_CASE("smtp chunking: the size limit holds before and while a chunk comes", "[smtp]") {
  Conversation c({.hostname = "mx.test", .message_size_limit = 10});
  in_transaction(c);
  SECTION("a first chunk that is too big is not handed on") {
    CHECK(c.say("BDAT 11 LAST\r\n") == "");
    CHECK(c.aborted.size() == 1);
    CHECK(c.say("12345678901").starts_with("552 5.3.4 "));
  }
  SECTION("nor is a later one; the rest is passed over") {
    CHECK(codes(c.say(bdat("123456", false))) == "250");
    CHECK(codes(c.say(bdat("12345", false))) == "552");
    CHECK(codes(c.say(bdat("x", false))) == "552");
    CHECK(codes(c.say(bdat("", true))) == "552");
    CHECK(c.aborted.size() == 1);
  }
  SECTION("of the largest number of all twice as much is passed over as a message may have") {
    CHECK(c.say("BDAT 18446744073709551615 LAST\r\n") == "");
    for (int i = 0; i < 20; ++i) CHECK(c.say("x") == "");
    CHECK(c.session.unprocessed() == 0);
    CHECK(c.session.progress().content == 0);
    CHECK(codes(c.say("x")) == "552 421");
    CHECK(c.closed);
    return;
  }
  CHECK(c.messages.empty());
  CHECK(codes(c.say("MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\n" + bdat("12345678\r\n", true))) ==
        "250 250 250");
  CHECK(c.messages.size() == 1);
}

TEST_CASE("smtp chunking: chunks that belong nowhere are passed over, but not without end",
          "[smtp]") {
  Conversation c({.hostname = "mx.test", .message_size_limit = 10});
  c.say("EHLO a\r\n");
  CHECK(codes(c.say(bdat("1234567890", false) + bdat("1234567890", false))) == "503 503");
  CHECK(codes(c.say(bdat("x", false))) == "503 421");
  CHECK(c.session.progress().content == 0);
  CHECK(c.closed);
}

TEST_CASE("smtp chunking: chunks are text as DATA is", "[smtp]") {
  const auto [content, reply] = GENERATE(table<std::string, std::string>({
      {"a\nb\r\n", "550 5.6.11 "},
      {"a\rb\r\n", "550 5.6.11 "},
      {"ends in a bare\r", "550 5.6.11 "},
      {std::string("a\0b\r\n", 5), "550 5.6.0 "},
      {std::string(1001, 'x'), "554 5.6.0 "},
  }));
  Conversation c;
  in_transaction(c);
  CHECK(c.say(bdat(content, true)).starts_with(reply));
  CHECK(c.aborted.size() == 1);
  CHECK(c.messages.empty());
  CHECK(codes(c.say("MAIL FROM:<a@b>\r\n")) == "250");
}

TEST_CASE("smtp chunking: a message that the owner does not open is passed over", "[smtp]") {
  Conversation c;
  in_transaction(c);
  c.on_open = [] { return Reply{452, "4.3.1", "insufficient system storage"}; };
  CHECK(codes(c.say(bdat("QUIT\r\n", false) + bdat("QUIT\r\n", true) + "NOOP\r\n")) ==
        "452 452 250");
  CHECK(c.messages.empty());
  CHECK(c.aborted.empty());
  c.on_open = [] { return Reply{421, "4.3.2", "going away"}; };
  CHECK(codes(c.say("MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\n" + bdat("x", true))) == "250 250 421");
  CHECK(c.closed);
}

TEST_CASE("smtp chunking: the owner refuses a message within a chunk", "[smtp]") {
  Conversation c;
  in_transaction(c).say("BDAT 10\r\n12345");
  c.session.on_message_refused({554, "5.4.6", "loop"});
  CHECK(c.say("67890") == "554 5.4.6 loop\r\n");
  CHECK(c.say(bdat("more", true)) == "554 5.4.6 loop\r\n");
  CHECK(c.messages.empty());
  CHECK(c.aborted.empty());
}

}  // namespace smtp_chunking_test
