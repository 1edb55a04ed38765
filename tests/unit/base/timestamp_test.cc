#include "common/base/timestamp.h"

#include <catch2/catch.hpp>

namespace base_timestamp_test {

using namespace postrider;
using namespace std::chrono_literals;

TEST_CASE("base timestamp: what is written is what was read, to the second", "[base]") {
  CHECK(to_timestamp(WallTime(1'800'000'000s + 999'999us)) == "2027-01-15T08:00:00Z");
  CHECK(parse_timestamp("2027-01-15T08:00:00Z") == WallTime(1'800'000'000s));
}

TEST_CASE("base timestamp: every form of a time is read", "[base]") {
  const auto [text, seconds] = GENERATE(table<const char*, std::int64_t>({
      {"1970-01-01T00:00:00Z", 0},
      {"1970-01-01t00:00:01z", 1},
      {"1970-01-01T00:00:59.999999999999Z", 59},
      {"1970-01-01T01:30:00+01:30", 0},
      {"1969-12-31T23:00:00-01:00", 0},
      {"1970-01-01T00:00:00-00:00", 0},
      {"2000-02-29T00:00:00Z", 951782400},
      {"2016-12-31T23:59:60Z", 1483228800},
      {"9999-12-31T23:59:59Z", 253402300799},
      {"0000-01-01T00:00:00Z", -62167219200},
  }));
  CAPTURE(text);
  CHECK(parse_timestamp(text) == WallTime(std::chrono::seconds(seconds)));
}

TEST_CASE("base timestamp: what is no time is refused", "[base]") {
  const auto* const text = GENERATE(
      "", "2027-01-15", "2027-01-15T08:00:00", "2027-01-15 08:00:00Z", "2027-1-15T08:00:00Z",
      "2027-01-15T08:00Z", "2027-13-01T00:00:00Z", "2027-00-01T00:00:00Z", "2027-02-29T00:00:00Z",
      "2027-01-00T00:00:00Z", "2027-01-15T24:00:00Z", "2027-01-15T08:60:00Z",
      "2027-01-15T08:00:61Z", "2027-01-15T08:00:00.Z", "2027-01-15T08:00:00+24:00",
      "2027-01-15T08:00:00+0100", "2027-01-15T08:00:00ZZ", "2027-01-15T08:00:00Z ",
      " 2027-01-15T08:00:00Z", "+027-01-15T08:00:00Z", "2027-01-15T08:00:00UTC");
  CAPTURE(text);
  CHECK_FALSE(parse_timestamp(text));
}

}  // namespace base_timestamp_test
