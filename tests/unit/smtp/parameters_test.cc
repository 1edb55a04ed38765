#include "common/smtp/parameters.h"

#include <catch2/catch.hpp>

#include <limits>
#include <string>
#include <string_view>

#include "common/base/ascii.h"

namespace smtp_parameters_test {

using namespace postrider::smtp;

namespace {

constexpr Extensions kAll{.eight_bit_mime = true,
                          .dsn = true,
                          .smtputf8 = true,
                          .size = true,
                          .mt_priority = true,
                          .requiretls = true};

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}

// Of the transaction that `parameters` belong to.
Charset charset_for(std::string_view parameters) {
  return postrider::is_all_ascii(parameters) ? Charset::ascii : Charset::utf8;
}

}  // namespace

TEST_CASE("smtp parameters: those of MAIL", "[smtp]") {
  struct Row {
    std::string parameters;
    std::optional<std::uint64_t> size;
    Body body = Body::seven_bit;
    std::string ret;
    std::string envid;
  };
  constexpr auto kHuge = std::numeric_limits<std::uint64_t>::max();
  const auto row = GENERATE_COPY(values<Row>({
      {"", std::nullopt},
      {"SIZE=1000 body=8bitmime", 1000, Body::eight_bit_mime},
      {"BODY=7BIT  SIZE=0", 0},
      {"SIZE=99999999999999999999999999", kHuge},
      {"RET=full", std::nullopt, Body::seven_bit, "FULL"},
      {"ret=HDRS ENVID=QQ314159", std::nullopt, Body::seven_bit, "HDRS", "QQ314159"},
      {"ENVID=q+2B1+20+3D", std::nullopt, Body::seven_bit, "", "q+1 ="},
      {"ENVID=" + std::string(100, 'x'), std::nullopt, Body::seven_bit, "", std::string(100, 'x')},
  }));
  CAPTURE(row.parameters);
  MailArguments mail;
  REQUIRE_FALSE(set_parameters(row.parameters, kAll, mail));
  CHECK(mail.size == row.size);
  CHECK(mail.body == row.body);
  CHECK(mail.ret == row.ret);
  CHECK(mail.envid == row.envid);
}

TEST_CASE("smtp parameters: SMTPUTF8 has no value", "[smtp]") {
  MailArguments mail;
  CHECK_FALSE(set_parameters("BODY=8BITMIME", kAll, mail));
  CHECK(mail.charset == Charset::ascii);
  CHECK_FALSE(set_parameters("smtputf8", kAll, mail));
  CHECK(mail.charset == Charset::utf8);
}

TEST_CASE("smtp parameters: MT-PRIORITY goes from -9 to 9", "[smtp]") {
  for (int priority = -9; priority <= 9; ++priority) {
    MailArguments mail;
    CHECK_FALSE(set_parameters("MT-PRIORITY=" + std::to_string(priority), kAll, mail));
    CHECK(mail.priority == priority);
  }
}

TEST_CASE("smtp parameters: a value of MAIL's that is wrong is 501", "[smtp]") {
  const auto parameters = GENERATE(values<std::string>({
      "SIZE=1 SIZE=1",
      "SIZE",
      "SIZE=",
      "SIZE=-1",
      "SIZE=1k",
      "BODY=BINARYMIME",
      "BODY",
      "BODY=",
      "BODY=9BIT",
      "BODY=7BIT BODY=7BIT",
      "MT-PRIORITY",
      "MT-PRIORITY=",
      "MT-PRIORITY=10",
      "MT-PRIORITY=-10",
      "MT-PRIORITY=+1",
      "MT-PRIORITY=-0",
      "MT-PRIORITY=00",
      "MT-PRIORITY=-",
      "MT-PRIORITY=x",
      "MT-PRIORITY=1 MT-PRIORITY=1",
      "SMTPUTF8=",
      "SMTPUTF8=1",
      "SMTPUTF8 SMTPUTF8",
      "REQUIRETLS=",
      "REQUIRETLS=1",
      "REQUIRETLS REQUIRETLS",
      "RET",
      "RET=",
      "RET=BODY",
      "RET=FULL RET=HDRS",
      "ENVID",
      "ENVID=",
      "ENVID=a=b",
      "ENVID=a+2",
      "ENVID=a+0D+0A",
      "ENVID=+FF",
      "ENVID=a ENVID=b",
      "ENVID=" + std::string(101, 'x'),
  }));
  CAPTURE(parameters);
  MailArguments mail;
  const auto refusal = set_parameters(parameters, kAll, mail);
  REQUIRE(refusal);
  CHECK(refusal->code == 501);
  CHECK(refusal->status == "5.5.4");
}

TEST_CASE("smtp parameters: those of RCPT", "[smtp]") {
  const auto [parameters, notify, orcpt] = GENERATE(table<std::string, std::string, std::string>({
      {"", "", ""},
      {"NOTIFY=never", "NEVER", ""},
      {"notify=DELAY,SUCCESS", "SUCCESS,DELAY", ""},
      {"ORCPT=rfc822;Bob@x.test", "", "rfc822;Bob@x.test"},
      {"NOTIFY=SUCCESS ORCPT=rfc822;a+2Bb@x.test", "SUCCESS", "rfc822;a+2Bb@x.test"},
      {"ORCPT=utf-8;\\x{674E}@x.test", "", "utf-8;\\x{674E}@x.test"},
      {"ORCPT=UTF-8;\\x{674E}@x.test", "", "utf-8;\\x{674E}@x.test"},
      {"ORCPT=utf-8;a\\x{2B}\\x{10FFFF}@x.test", "", "utf-8;a\\x{2B}\\x{10FFFF}@x.test"},
      {"ORCPT=utf-8;bob@x.test", "", "utf-8;bob@x.test"},
      {"ORCPT=utf-8;\xe6\x9d\x8e@x.test", "", "utf-8;\\x{674E}@x.test"},
      {"ORCPT=utf-8;\xe6\x9d\x8e\\x{F6}@x\xc3\xb6.test", "",
       "utf-8;\\x{674E}\\x{F6}@x\\x{F6}.test"},
      {"ORCPT=rfc822;" + std::string(493, 'x'), "", "rfc822;" + std::string(493, 'x')},
  }));
  CAPTURE(parameters);
  RcptArguments rcpt;
  CHECK_FALSE(set_parameters(parameters, kAll, charset_for(parameters), rcpt));
  CHECK(rcpt.notify == notify);
  CHECK(rcpt.orcpt == orcpt);
}

TEST_CASE("smtp parameters: a value of RCPT's that is wrong is 501", "[smtp]") {
  const auto parameters = GENERATE(values<std::string>({
      "NOTIFY",
      "NOTIFY=",
      "NOTIFY=NEVER,DELAY",
      "NOTIFY=SOMETIMES",
      "NOTIFY=DELAY NOTIFY=DELAY",
      "ORCPT",
      "ORCPT=bob@x.test",
      "ORCPT=;bob@x.test",
      "ORCPT=rfc822;",
      "ORCPT=rfc",
      "ORCPT=rfc@822;a",
      "ORCPT=rfc822;a=b",
      "ORCPT=rfc822;a+0A",
      "ORCPT=rfc822;a+C3+BC",
      "ORCPT=rfc822;" + std::string(494, 'x'),
      "ORCPT=rfc822;a ORCPT=rfc822;a",
      "ORCPT=rfc822;j\xc3\xb6rg@x.test",
      "ORCPT=utf-8;",
      "ORCPT=utf-8;a+2Bb@x.test",
      "ORCPT=utf-8;\\x{674e}@x.test",
      "ORCPT=utf-8;\\x{674E}",
      "ORCPT=utf-8;a\\x{0A}@x.test",
      "ORCPT=utf-8;j\xf6rg@x.test",
      // Longer in ASCII than may be passed on.
      "ORCPT=utf-8;" + repeated("\xe6\x9d\x8e", 21) + "@" + repeated("\xe6\x9d\x8e", 20) + "." +
          repeated("\xe6\x9d\x8e", 20) + ".test",
  }));
  CAPTURE(parameters);
  RcptArguments rcpt;
  const auto refusal = set_parameters(parameters, kAll, charset_for(parameters), rcpt);
  REQUIRE(refusal);
  CHECK(refusal->code == 501);
  CHECK(refusal->status == "5.5.4");
}

TEST_CASE("smtp parameters: beyond ASCII there is an ORCPT within SMTPUTF8 alone", "[smtp]") {
  constexpr std::string_view kOrcpt = "ORCPT=utf-8;\xe6\x9d\x8e@x.test";
  RcptArguments rcpt;
  CHECK_FALSE(set_parameters(kOrcpt, kAll, Charset::utf8, rcpt));
  const auto refusal = set_parameters(kOrcpt, kAll, Charset::ascii, rcpt);
  REQUIRE(refusal);
  CHECK(to_line(*refusal) == "501 5.5.4 a parameter beyond ASCII needs SMTPUTF8");
  CHECK_FALSE(set_parameters("ORCPT=utf-8;\\x{674E}@x.test", kAll, Charset::ascii, rcpt));
}

TEST_CASE("smtp parameters: one that is unknown, or of an extension that is not offered, is 555",
          "[smtp]") {
  MailArguments mail;
  const auto* const of_mail =
      GENERATE("SIZE=1", "BODY=7BIT", "RET=FULL", "ENVID=a", "AUTH=<>", "NOTIFY=NEVER",
               "REQUIRETLS", "SMTPUTF8", "MT-PRIORITY=1", "=");
  CAPTURE(of_mail);
  CHECK(set_parameters(of_mail, {}, mail)->code == 555);
  RcptArguments rcpt;
  const auto* const of_rcpt = GENERATE("NOTIFY=NEVER", "ORCPT=rfc822;a", "RET=FULL", "X");
  CAPTURE(of_rcpt);
  CHECK(set_parameters(of_rcpt, {}, Charset::ascii, rcpt)->code == 555);
}

namespace {

using namespace std::chrono_literals;
constexpr Extensions kHolds{.future_release = true,
                            .future_release_max = 3600s,
                            .future_release_until = postrider::WallTime(1'800'003'600s)};

}  // namespace

TEST_CASE("smtp parameters: a message may be held for a time, or until one", "[smtp]") {
  MailArguments mail;
  CHECK_FALSE(set_parameters("HOLDFOR=3600", kHolds, mail));
  CHECK(mail.hold_for == 3600s);
  MailArguments other;
  CHECK_FALSE(set_parameters("HOLDUNTIL=2027-01-15T09:00:00Z", kHolds, other));
  CHECK(other.hold_until == postrider::WallTime(1'800'003'600s));
}

TEST_CASE("smtp parameters: it may not be held longer than is offered, or in two ways", "[smtp]") {
  const auto* const parameters =
      GENERATE("HOLDFOR=3601", "HOLDFOR=1000000000", "HOLDFOR=0", "HOLDFOR=01", "HOLDFOR=-1",
               "HOLDFOR=1x", "HOLDFOR", "HOLDFOR=", "HOLDFOR=1 HOLDFOR=1",
               "HOLDUNTIL=2027-01-15T09:00:01Z", "HOLDUNTIL=tomorrow", "HOLDUNTIL",
               "HOLDUNTIL=", "HOLDUNTIL=2027-01-15T08:00:00Z HOLDUNTIL=2027-01-15T08:00:00Z",
               "HOLDFOR=1 HOLDUNTIL=2027-01-15T08:00:00Z");
  CAPTURE(parameters);
  MailArguments mail;
  const auto refusal = set_parameters(parameters, kHolds, mail);
  REQUIRE(refusal);
  CHECK(refusal->code == 501);
}

TEST_CASE("smtp parameters: where it is not offered nothing is held", "[smtp]") {
  const auto* const parameters = GENERATE("HOLDFOR=1", "HOLDUNTIL=2027-01-15T08:00:00Z");
  MailArguments mail;
  CHECK(set_parameters(parameters, Extensions{}, mail)->code == 555);
}

}  // namespace smtp_parameters_test
