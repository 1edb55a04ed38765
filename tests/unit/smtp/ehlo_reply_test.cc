#include "common/smtp/ehlo_reply.h"

#include <catch2/catch.hpp>

namespace smtp_ehlo_reply_test {

using namespace postrider::smtp;

namespace {

constexpr Extensions kEvery{.pipelining = true,
                            .eight_bit_mime = true,
                            .dsn = true,
                            .smtputf8 = true,
                            .size = true,
                            .size_limit = 52428800,
                            .enhanced_status_codes = true,
                            .chunking = true,
                            .binary_mime = true,
                            .limits = true,
                            .mt_priority = true,
                            .starttls = true,
                            .future_release = true,
                            .requiretls = true,
                            .xclient = true,
                            .auth = true};

}  // namespace

TEST_CASE("smtp ehlo reply: what is offered is found, in any case and order", "[smtp]") {
  const Extensions all =
      parse_ehlo_reply({250, "",
                        "mx.test greets you\npipelining\n8BITMIME\nDsn\nSMTPUTF8\nSIZE "
                        "52428800\nSTARTTLS\nENHANCEDSTATUSCODES\nCHUNKING\nBinaryMIME\nLIMITS "
                        "RCPTMAX=5\nMT-PRIORITY MIXER\nXCLIENT NAME\nREQUIRETLS\nFUTURERELEASE 5 "
                        "2027-01-15T08:00:00Z\nauth PLAIN LOGIN\nX-ODD a b"});
  CHECK(all == kEvery);
}

TEST_CASE("smtp ehlo reply: the greeting line offers nothing", "[smtp]") {
  CHECK(parse_ehlo_reply({250, "", "PIPELINING"}) == Extensions{});
  CHECK(parse_ehlo_reply({250, "", ""}) == Extensions{});
}

TEST_CASE("smtp ehlo reply: a SIZE that tells no limit, or nonsense, is no limit", "[smtp]") {
  const auto line = GENERATE(values<std::string>(
      {"SIZE", "SIZE 0", "SIZE x", "SIZE 12x", "SIZE -1", "SIZE 99999999999999999999999"}));
  CAPTURE(line);
  const Extensions offered = parse_ehlo_reply({250, "", "mx.test\n" + line});
  CHECK(offered.size);
  CHECK(offered.size_limit == 0);
}

TEST_CASE("smtp ehlo reply: a limit is a number of one to six digits", "[smtp]") {
  const auto limits = [](const std::string& line) {
    const Limits told = parse_limits({250, "", "mx.test\n" + line});
    return std::vector{told.rcpt_max, told.mail_max, told.rcpt_domain_max};
  };
  using Told = std::vector<std::uint64_t>;
  CHECK(limits("LIMITS RCPTMAX=100 MAILMAX=5 RCPTDOMAINMAX=1") == Told{100, 5, 1});
  CHECK(limits("limits  mailmax=999999 ODD=1 rcptmax=1") == Told{1, 999999, 0});
  for (const char* line : {"LIMITS", "LIMITS RCPTMAX", "LIMITS RCPTMAX=", "LIMITS RCPTMAX=0",
                           "LIMITS RCPTMAX=05", "LIMITS RCPTMAX=1000000", "LIMITS RCPTMAX=-1",
                           "LIMITS RCPTMAX=5x", "LIMITS XRCPTMAX=5", "SIZE RCPTMAX=5"}) {
    CAPTURE(line);
    CHECK(limits(line) == Told{0, 0, 0});
  }
}

TEST_CASE("smtp ehlo reply: a keyword must match whole", "[smtp]") {
  CHECK(parse_ehlo_reply({250, "", "mx.test\nPIPELINING2\nSIZEABLE 5\n 8BITMIME"}) == Extensions{});
}

TEST_CASE("smtp ehlo reply: what our server offers our client understands", "[smtp]") {
  CHECK(parse_ehlo_reply(ehlo_reply("mx.test", kEvery, "PLAIN", {})) == kEvery);
  CHECK(ehlo_reply("mx.test", {}, "", {}) == Reply{250, "", "mx.test"});
  CHECK(ehlo_reply("mx.test", {.dsn = true, .size = true, .size_limit = 10}, "", {}) ==
        Reply{250, "", "mx.test\nSIZE 10\nDSN"});
}

TEST_CASE("smtp ehlo reply: each keyword can be withdrawn", "[smtp]") {
  Extensions left = kEvery;
  for (const std::string_view keyword : extension_keywords()) {
    const std::string line = "\n" + std::string(keyword);
    CHECK(ehlo_reply("mx.test", left, "PLAIN", {}).text.find(line) != std::string::npos);
    withdraw(keyword, left);
    CHECK(ehlo_reply("mx.test", left, "PLAIN", {}).text.find(line) == std::string::npos);
  }
  CHECK(left == Extensions{.size_limit = kEvery.size_limit});
}

TEST_CASE("smtp ehlo reply: the limits that there are are told", "[smtp]") {
  const auto [limits, line] = GENERATE(table<Limits, std::string>({
      {{.rcpt_max = 1000}, "LIMITS RCPTMAX=1000"},
      {{.rcpt_max = 1, .mail_max = 2, .rcpt_domain_max = 3},
       "LIMITS RCPTMAX=1 MAILMAX=2 RCPTDOMAINMAX=3"},
  }));
  CHECK(ehlo_reply("mx.test", {.limits = true}, "", limits).text == "mx.test\n" + line);
  CHECK(ehlo_reply("mx.test", {}, "PLAIN", limits).text == "mx.test");
}

TEST_CASE("smtp ehlo reply: how long a message may be held is told", "[smtp]") {
  using namespace std::chrono_literals;
  CHECK(ehlo_reply("mx.test",
                   {.future_release = true,
                    .future_release_max = 60s,
                    .future_release_until = postrider::WallTime(1'800'000'000s)},
                   "", {})
            .text == "mx.test\nFUTURERELEASE 60 2027-01-15T08:00:00Z");
}

}  // namespace smtp_ehlo_reply_test
