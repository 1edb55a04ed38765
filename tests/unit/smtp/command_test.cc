#include "common/smtp/command.h"

#include <catch2/catch.hpp>

#include <limits>

using namespace postrider::smtp;

TEST_CASE("smtp command: a line is a verb and an argument", "[smtp]") {
  const auto check = [](std::string_view line, std::string_view verb, std::string_view argument) {
    CAPTURE(line);
    CHECK(split_command(line).verb == verb);
    CHECK(split_command(line).argument == argument);
  };
  check("QUIT", "QUIT", "");
  check("NOOP  a b  ", "NOOP", "a b");
  check("mail FROM:<a@b>", "mail", "FROM:<a@b>");
  check("", "", "");
  check(" RSET", "", "RSET");
}

TEST_CASE("smtp command: MAIL takes a reverse-path and its parameters", "[smtp]") {
  struct Row {
    std::string_view argument;
    std::string_view sender;
    std::optional<std::uint64_t> size;
    Body body = Body::seven_bit;
  };
  constexpr auto kHuge = std::numeric_limits<std::uint64_t>::max();
  const auto row = GENERATE_COPY(values<Row>({
      {"FROM:<a@b>", "a@b", std::nullopt},
      {"from: <a@b>", "a@b", std::nullopt},
      {"FROM:<>", "", std::nullopt},
      {"FROM:<a@b> SIZE=1000 body=8bitmime", "a@b", 1000, Body::eight_bit_mime},
      {"FROM:<a@b>  BODY=7BIT  SIZE=0", "a@b", 0},
      {"FROM:<a@b> SIZE=99999999999999999999999999", "a@b", kHuge},
      {"FROM:<\"a b\"@c> SIZE=1", "\"a b\"@c", 1},
  }));
  CAPTURE(row.argument);
  const auto mail = parse_mail(row.argument);
  REQUIRE(mail);
  CHECK(mail->sender.str() == row.sender);
  CHECK(mail->size == row.size);
  CHECK(mail->body == row.body);
}

TEST_CASE("smtp command: what MAIL and RCPT do not take has its own reply", "[smtp]") {
  struct Row {
    std::string_view argument;
    int code;
    std::string_view status;
  };
  const auto mail = GENERATE(values<Row>({
      {"", 501, "5.5.4"},
      {"TO:<a@b>", 501, "5.5.4"},
      {"FROM", 501, "5.5.4"},
      {"FROM:", 501, "5.1.7"},
      {"FROM:a@b", 501, "5.1.7"},
      {"FROM:<a>", 501, "5.1.7"},
      {"FROM:<a@b>SIZE=1", 501, "5.1.7"},
      {"FROM:<a@b> SIZE=1 SIZE=1", 501, "5.5.4"},
      {"FROM:<a@b> SIZE", 501, "5.5.4"},
      {"FROM:<a@b> SIZE=-1", 501, "5.5.4"},
      {"FROM:<a@b> SIZE=1k", 501, "5.5.4"},
      {"FROM:<a@b> BODY=BINARYMIME", 501, "5.5.4"},
      {"FROM:<a@b> BODY", 501, "5.5.4"},
      {"FROM:<a@b> AUTH=<>", 555, "5.5.4"},
      {"FROM:<a@b> SMTPUTF8", 555, "5.5.4"},
      {"FROM:<a@b> =", 555, "5.5.4"},
  }));
  CAPTURE(mail.argument);
  REQUIRE_FALSE(parse_mail(mail.argument));
  CHECK(parse_mail(mail.argument).error().code == mail.code);
  CHECK(parse_mail(mail.argument).error().status == mail.status);

  CHECK(parse_rcpt("TO:<a@b>")->str() == "a@b");
  CHECK(parse_rcpt("to: <Postmaster>")->str() == "postmaster");
  CHECK(parse_rcpt("TO:<>").error().status == "5.1.3");
  CHECK(parse_rcpt("TO:a@b").error().status == "5.1.3");
  CHECK(parse_rcpt("FROM:<a@b>").error().status == "5.5.4");
  CHECK(parse_rcpt("TO:<a@b> NOTIFY=NEVER").error().code == 555);
}

TEST_CASE("smtp command: a client's name is one word of printable ASCII", "[smtp]") {
  CHECK(parse_client_name("mx_1.example.test") == std::string_view("mx_1.example.test"));
  CHECK(parse_client_name("[192.0.2.1]"));
  const auto* const wrong = GENERATE("", "a b", "a\tb", "\xc3\xa9", "a\x7f");
  CHECK_FALSE(parse_client_name(wrong));
  CHECK_FALSE(parse_client_name(std::string(256, 'a')));
}
