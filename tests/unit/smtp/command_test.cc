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

TEST_CASE("smtp command: MAIL takes a reverse-path and parameters", "[smtp]") {
  const auto [argument, sender] = GENERATE(table<std::string, std::string>({
      {"FROM:<a@b>", "a@b"},
      {"from: <a@b>", "a@b"},
      {"FROM:<>", ""},
      {"FROM:<a@b>  SIZE=1", "a@b"},
      {"FROM:<\"a b\"@c> SIZE=1", "\"a b\"@c"},
  }));
  CAPTURE(argument);
  const auto mail = parse_mail(argument, {.size = true});
  REQUIRE(mail);
  CHECK(mail->sender.str() == sender);
  CHECK(mail->size.has_value() == argument.ends_with("=1"));
}

TEST_CASE("smtp command: RCPT takes a forward-path and parameters", "[smtp]") {
  CHECK(parse_rcpt("TO:<a@b>", {})->recipient.str() == "a@b");
  CHECK(parse_rcpt("to: <Postmaster>", {})->recipient.str() == "postmaster");
  CHECK(parse_rcpt("TO:<a@b> NOTIFY=NEVER", {.dsn = true})->notify == "NEVER");
}

TEST_CASE("smtp command: BDAT takes a number, and LAST", "[smtp]") {
  const auto [argument, octets, last] = GENERATE(table<std::string, std::uint64_t, bool>({
      {"0", 0, false},
      {"0 LAST", 0, true},
      {"86000 last", 86000, true},
      {"007", 7, false},
      {"18446744073709551615  LAST", std::numeric_limits<std::uint64_t>::max(), true},
  }));
  CAPTURE(argument);
  const auto bdat = parse_bdat(argument);
  REQUIRE(bdat);
  CHECK(bdat->octets == octets);
  CHECK(bdat->last == last);
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
      {"FROM:<a@b> SIZE=x", 501, "5.5.4"},
      {"FROM:<a@b> AUTH=<>", 555, "5.5.4"},
      {"FROM:<a@b> SMTPUTF8", 555, "5.5.4"},
  }));
  CAPTURE(mail.argument);
  const Extensions offered{.size = true};
  REQUIRE_FALSE(parse_mail(mail.argument, offered));
  CHECK(parse_mail(mail.argument, offered).error().code == mail.code);
  CHECK(parse_mail(mail.argument, offered).error().status == mail.status);

  CHECK(parse_rcpt("TO:<>", offered).error().status == "5.1.3");
  CHECK(parse_rcpt("TO:a@b", offered).error().status == "5.1.3");
  CHECK(parse_rcpt("FROM:<a@b>", offered).error().status == "5.5.4");
  CHECK(parse_rcpt("TO:<a@b> NOTIFY=NEVER", offered).error().code == 555);
}

TEST_CASE("smtp command: a client's name is one word of printable ASCII", "[smtp]") {
  CHECK(parse_client_name("mx_1.example.test") == std::string_view("mx_1.example.test"));
  CHECK(parse_client_name("[192.0.2.1]"));
  const auto* const wrong = GENERATE("", "a b", "a\tb", "\xc3\xa9", "a\x7f");
  CHECK_FALSE(parse_client_name(wrong));
  CHECK_FALSE(parse_client_name(std::string(256, 'a')));
}
