// BINARYMIME, RFC 3030 section 3, as a ServerSession takes it.
#include <catch2/catch.hpp>

#include "tests/unit/smtp/conversation.h"
#include "tests/unit/smtp/replies.h"

namespace smtp_binarymime_test {

using namespace postrider::smtp;
using testing::bdat;
using testing::codes;
using testing::Conversation;

namespace {

constexpr std::string_view kEnvelope =
    "EHLO a.test\r\nMAIL FROM:<a@a.test> BODY=BINARYMIME\r\nRCPT TO:<b@b.test>\r\n";

std::string with_header(std::string_view encoding, std::string_view body) {
  return "Content-Type: image/x\r\nContent-Transfer-Encoding: " + std::string(encoding) +
         "\r\n\r\n" + std::string(body);
}

}  // namespace

TEST_CASE("smtp binarymime: binary content becomes lines, however the chunks are cut", "[smtp]") {
  using namespace std::string_literals;
  const std::string message = with_header("binary", "\0\r\n.\r\n\n\r"s);
  for (std::size_t cut = 0; cut <= message.size(); ++cut) {
    Conversation c;
    CHECK(c.say(kEnvelope).find("250-BINARYMIME\r\n") != std::string::npos);
    CHECK(codes(c.say(bdat(message.substr(0, cut), false) + bdat(message.substr(cut), true), 7)) ==
          "250 250");
    REQUIRE(c.messages.size() == 1);
    CHECK(c.messages[0].content == with_header("base64", "AA0KLg0KCg0=\r\n"));
  }
}

TEST_CASE("smtp binarymime: what is not said to be binary has lines", "[smtp]") {
  Conversation c;
  c.say(kEnvelope);
  CHECK(c.say(bdat(with_header("8bit", "bare\nlf"), true)).starts_with("550 5.6.11 "));
  c.say("MAIL FROM:<a@a.test> BODY=BINARYMIME\r\nRCPT TO:<b@b.test>\r\n");
  CHECK(codes(c.say(bdat(with_header("8bit", "line\r\n"), true))) == "250");
  CHECK(c.messages.back().content == with_header("8bit", "line\r\n"));
}

TEST_CASE("smtp binarymime: it comes by BDAT alone", "[smtp]") {
  Conversation c;
  c.say(kEnvelope);
  CHECK(c.say("DATA\r\n") == "503 5.5.1 BINARYMIME comes by BDAT\r\n");
  CHECK(codes(c.say(bdat("x: y\r\n\r\n", true))) == "250");
  c.say("MAIL FROM:<a@a.test> BODY=BINARYMIME\r\nRCPT TO:<b@b.test>\r\n");
  CHECK(codes(c.say("DATA\r\nx: y\r\n.\r\n")) == "503 421");
  CHECK(c.closed);
  CHECK(c.messages.size() == 1);
}

TEST_CASE("smtp binarymime: parts without bottom are refused, and the session goes on", "[smtp]") {
  std::string message;
  for (int depth = 0; depth < 60; ++depth) {
    const std::string boundary = std::to_string(depth);
    message +=
        "Content-Type: multipart/mixed; boundary=b" + boundary + "\r\n\r\n--b" + boundary + "\r\n";
  }
  Conversation c;
  c.say(kEnvelope);
  CHECK(c.say(bdat(message, false)).starts_with("554 5.6.1 "));
  CHECK(codes(c.say(bdat("x", true) + "NOOP\r\n")) == "554 250");
  CHECK(c.messages.empty());
}

TEST_CASE("smtp binarymime: the limit of a message's size is for what arrives", "[smtp]") {
  ServerSettings settings{.hostname = "mx.test", .message_size_limit = 1000};
  Conversation c(settings);
  const std::string header = with_header("binary", "");
  c.say(kEnvelope);
  CHECK(codes(c.say(bdat(header + std::string(1000 - header.size(), 'x'), true))) == "250");
  CHECK(c.messages[0].content.size() > 1000);
  c.say("MAIL FROM:<a@a.test> BODY=BINARYMIME\r\nRCPT TO:<b@b.test>\r\n");
  CHECK(codes(c.say(bdat(header + std::string(1001 - header.size(), 'x'), true))) == "552");
}

TEST_CASE("smtp binarymime: where CHUNKING is not offered it is not either", "[smtp]") {
  ServerSettings settings{.hostname = "mx.test"};
  settings.offered.chunking = false;
  Conversation c(settings);
  CHECK(c.say("EHLO a.test\r\n").find("BINARYMIME") == std::string::npos);
  CHECK(c.say("MAIL FROM:<a@a.test> BODY=BINARYMIME\r\n").starts_with("501 5.5.4 "));
}

}  // namespace smtp_binarymime_test
