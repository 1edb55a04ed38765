#include "ctl/terminal.h"

#include <catch2/catch.hpp>

namespace ctl_terminal_test {

using namespace postrider::ctl;
using namespace std::chrono_literals;

TEST_CASE("terminal: what could control it is escaped, the rest is shown", "[ctl]") {
  struct Case {
    std::string_view text;
    std::string_view shown;
  };
  const Case cases[] = {
      {"", ""},
      {"anna@example.org", "anna@example.org"},
      {"B\xc3\xbc"
       "cher \xe2\x82\xac \xf0\x9f\x93\xac",
       "B\xc3\xbc"
       "cher \xe2\x82\xac \xf0\x9f\x93\xac"},
      {"\x1b[2J", "\\x1b[2J"},
      {"a\r\nb\tc\x7f", "a\\x0d\\x0ab\\x09c\\x7f"},
      {std::string_view("a\0b", 3), "a\\x00b"},
      {"\xc2\x9b"
       "31m",
       "\\xc2\\x9b31m"},  // CSI as a C1 control
      {"\x9b"
       "31m",
       "\\x9b31m"},       // and as an octet
      {"\xc3", "\\xc3"},  // cut short
      {"\xc3(", "\\xc3("},
      {"\xc0\xaf", "\\xc0\\xaf"},  // overlong
      {"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},  // a surrogate
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
      {"\xff", "\\xff"},
  };
  for (const Case& c : cases) CHECK(printable(c.text) == c.shown);
}

TEST_CASE("terminal: columns are as wide as their widest cell", "[ctl]") {
  CHECK(table({{"a", "bb", "c"}, {"\xc3\xa4\xc3\xa4", "b", "long"}, {"x"}}) ==
        "a   bb  c\n\xc3\xa4\xc3\xa4  b   long\nx\n");
  CHECK(table({{"\n", "b"}}) == "\\x0a  b\n");
  CHECK(table({}).empty());
}

TEST_CASE("terminal: times and sizes for people", "[ctl]") {
  CHECK(iso_time(0).empty());
  CHECK(iso_time(1'800'000'000'999'999) == "2027-01-15T08:00:00Z");
  CHECK(short_duration(-5s) == "0s");
  CHECK(short_duration(59s) == "59s");
  CHECK(short_duration(3599s) == "59m");
  CHECK(short_duration(47h) == "1d");
  CHECK(short_size(1023) == "1023B");
  CHECK(short_size(4200) == "4.1KiB");
  CHECK(short_size(50ULL << 20U) == "50.0MiB");
  CHECK(short_size(5000ULL << 40U) == "5000.0TiB");
}

}  // namespace ctl_terminal_test
