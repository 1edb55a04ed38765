#include "common/smtp/command.h"

#include <catch2/catch.hpp>

#include <limits>

namespace smtp_command_test {

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
  CHECK(parse_rcpt("TO:<a@b>", {}, Charset::ascii)->recipient.str() == "a@b");
  CHECK(parse_rcpt("to: <Postmaster>", {}, Charset::ascii)->recipient.str() == "postmaster");
  CHECK(parse_rcpt("TO:<a@b> NOTIFY=NEVER", {.dsn = true}, Charset::ascii)->notify == "NEVER");
}

TEST_CASE("smtp command: an address beyond ASCII needs SMTPUTF8", "[smtp]") {
  const Extensions offered{.smtputf8 = true};
  const auto mail = [&](std::string_view argument) {
    const auto parsed = parse_mail(argument, offered);
    return parsed ? parsed->sender.str() : to_line(parsed.error());
  };
  CHECK(mail("FROM:<j\xc3\xb6rg@x.test> SMTPUTF8") == "j\xc3\xb6rg@x.test");
  CHECK(mail("FROM:<a@b\xc3\xbc.test> SMTPUTF8") == "a@xn--b-eha.test");
  CHECK(mail("FROM:<a@x.test> SMTPUTF8") == "a@x.test");
  CHECK(mail("FROM:<j\xc3\xb6rg@x.test>").starts_with("553 5.6.7 "));
  CHECK(mail("FROM:<a@b\xc3\xbc.test>").starts_with("553 5.6.7 "));
  CHECK(mail("FROM:<j\xc3@x.test> SMTPUTF8").starts_with("501 5.1.7 "));
  CHECK(mail("FROM:<a@\xf0\x9f\x93\xac.test> SMTPUTF8").starts_with("501 5.1.7 "));
  CHECK(parse_mail("FROM:<j\xc3\xb6rg@x.test> SMTPUTF8", {}).error().code == 501);
  // Within the limit as it is given, and beyond it in A-labels.
  std::string domain = "test";
  for (int i = 0; i < 20; ++i) domain = "b\xc3\xbcx." + domain;
  CHECK(mail("FROM:<" + std::string(64, 'a') + "@" + domain + "> SMTPUTF8")
            .starts_with("501 5.1.7 "));

  const auto rcpt = [&](std::string_view argument, Charset charset) {
    const auto parsed = parse_rcpt(argument, offered, charset);
    return parsed ? parsed->recipient.str() : to_line(parsed.error());
  };
  CHECK(rcpt("TO:<\xe6\x9d\x8e@b\xc3\xbc.test>", Charset::utf8) == "\xe6\x9d\x8e@xn--b-eha.test");
  CHECK(rcpt("TO:<a@b\xc3\xbc.test>", Charset::ascii).starts_with("553 5.6.7 "));
  CHECK(rcpt("TO:<a@\xf0\x9f\x93\xac.test>", Charset::utf8).starts_with("501 5.1.3 "));
  CHECK(parse_rcpt("TO:<\xe6\x9d\x8e@x.test>", {}, Charset::ascii).error().code == 501);
}

TEST_CASE("smtp command: VRFY asks about a mailbox, in brackets or not", "[smtp]") {
  const Extensions offered{.smtputf8 = true};
  const auto vrfy = [&](std::string_view argument) {
    const auto parsed = parse_vrfy(argument, offered);
    return parsed ? parsed->str() : to_line(parsed.error());
  };
  CHECK(vrfy("a@x.test") == "a@x.test");
  CHECK(vrfy("<a@x.test>") == "a@x.test");
  CHECK(vrfy("<a@x.test>  smtputf8") == "a@x.test");
  CHECK(vrfy("j\xc3\xb6rg@b\xc3\xbc.test SMTPUTF8") == "j\xc3\xb6rg@xn--b-eha.test");
  CHECK(vrfy("j\xc3\xb6rg@x.test").starts_with("553 5.6.7 "));
  CHECK(vrfy("").starts_with("501 5.1.3 "));
  CHECK(vrfy("anna") == "553 5.1.3 whose, of which domain? write NAME@DOMAIN");
  CHECK(vrfy("SMTPUTF8").starts_with("553 5.1.3 "));
  CHECK(vrfy("<a@x.test").starts_with("501 5.1.3 "));
  CHECK(parse_vrfy("a@x.test SMTPUTF8", {}).error().status == "5.1.3");
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

  CHECK(parse_rcpt("TO:<>", offered, Charset::ascii).error().status == "5.1.3");
  CHECK(parse_rcpt("TO:a@b", offered, Charset::ascii).error().status == "5.1.3");
  CHECK(parse_rcpt("FROM:<a@b>", offered, Charset::ascii).error().status == "5.5.4");
  CHECK(parse_rcpt("TO:<a@b> NOTIFY=NEVER", offered, Charset::ascii).error().code == 555);
}

TEST_CASE("smtp command: a client's name is one word of printable ASCII", "[smtp]") {
  CHECK(parse_client_name("mx_1.example.test") == std::string_view("mx_1.example.test"));
  CHECK(parse_client_name("[192.0.2.1]"));
  const auto* const wrong = GENERATE("", "a b", "a\tb", "\xc3\xa9", "a\x7f");
  CHECK_FALSE(parse_client_name(wrong));
  CHECK_FALSE(parse_client_name(std::string(256, 'a')));
}

}  // namespace smtp_command_test
