#include "common/auth/attempts.h"

#include <catch2/catch.hpp>

using namespace postrider;
using metrics::Counter;

TEST_CASE("attempts: each is counted, and who failed is told in a line of its own", "[auth]") {
  const ManualClock clock;
  std::string lines;
  log::Logger log("test", log::Level::info, log::Format::logfmt, clock,
                  [&](std::string_view text) { lines += text; });
  metrics::Counters counters;
  auth::Attempts attempts(log, counters);
  const net::IpAddress client = *net::IpAddress::parse("2001:db8::1");

  attempts.note({client, "anna@a.test", "PLAIN", true, {}});
  CHECK(lines.empty());
  CHECK(counters.value(Counter::authentications) == 1);
  CHECK(counters.value(Counter::authentication_failures) == 0);

  attempts.note({client, "x\" event=forged\n", "SCRAM-SHA-256", false, "no such user"});
  CHECK(lines.find(
            "event=authentication_failed user=\"x\\\" event=forged\\u000a\" client=2001:db8::1 "
            "mechanism=SCRAM-SHA-256 reason=\"no such user\"\n") != std::string::npos);
  CHECK(counters.value(Counter::authentications) == 1);
  CHECK(counters.value(Counter::authentication_failures) == 1);
}
