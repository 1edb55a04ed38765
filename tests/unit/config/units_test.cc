#include "common/config/units.h"

#include <catch2/catch.hpp>

namespace config_units_test {

using namespace postrider::config;
using namespace std::chrono_literals;

TEST_CASE("config units: sizes are read in powers of 1024 and of 1000", "[config]") {
  CHECK(parse_size("0B") == 0);
  CHECK(parse_size("256KiB") == 262'144);
  CHECK(parse_size("50MiB") == 52'428'800);
  CHECK(parse_size("10MB") == 10'000'000);
  CHECK(parse_size("10kB") == parse_size("10KB"));
  CHECK(parse_size("1TiB") == 1ULL << 40U);
}

TEST_CASE("config units: durations are read in every unit", "[config]") {
  CHECK(parse_duration("500ms") == 500ms);
  CHECK(parse_duration("90s") == 90s);
  CHECK(parse_duration("30m") == 30min);
  CHECK(parse_duration("5d") == 120h);
  CHECK(parse_duration("2w") == 336h);
}

TEST_CASE("config units: rates are read for every period, and written as they were", "[config]") {
  CHECK(parse_rate("10/s") == Rate{10, 1s});
  CHECK(parse_rate("600/m") == Rate{600, 60s});
  CHECK(parse_rate("1000/h") == Rate{1000, 3600s});
  CHECK(parse_rate("1/d") == Rate{1, 86'400s});
  CHECK(parse_rate("100000/s") == Rate{kMaxRate, 1s});
  for (const char* text : {"10/s", "600/m", "1000/h", "1/d"})
    CHECK(format_rate(*parse_rate(text)) == text);
}

TEST_CASE("config units: what is written otherwise is refused", "[config]") {
  for (const char* text : {"", "5", "MiB", "-5MiB", "+5MiB", "1.5GiB", "5 MiB", "5mib", "5MiBs",
                           "99999999999999999999B", "9999999TiB"})
    CHECK_FALSE(parse_size(text).has_value());
  for (const char* text :
       {"", "5", "s", "-5s", "1.5h", "5 s", "5S", "5min", "11000000000s", "521w1"})
    CHECK_FALSE(parse_duration(text).has_value());
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616"})
    CHECK_FALSE(parse_count(text).has_value());
  for (const char* text : {"", "10", "/s", "0/s", "-1/s", "1.5/s", "10 /s", "10/S", "10/min",
                           "10/2s", "100001/s", "18446744073709551615/d"})
    CHECK_FALSE(parse_rate(text).has_value());
}

TEST_CASE("config units: values are written in the largest unit that divides them", "[config]") {
  CHECK(format_size(0) == "0B");
  CHECK(format_size(1000) == "1000B");
  CHECK(format_size(65'536) == "64KiB");
  CHECK(format_size(52'428'800) == "50MiB");
  CHECK(format_duration(0ms) == "0s");
  CHECK(format_duration(500ms) == "500ms");
  CHECK(format_duration(90s) == "90s");
  CHECK(format_duration(1800s) == "30m");
  CHECK(format_duration(120h) == "5d");
}

}  // namespace config_units_test
