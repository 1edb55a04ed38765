#include "common/base/pattern.h"

#include <string>

#include <catch2/catch.hpp>

namespace base_pattern_test {

using postrider::matches_pattern;

TEST_CASE("pattern: what fits", "[base]") {
  struct Case {
    const char* pattern;
    const char* text;
  };
  const auto fits = GENERATE(
      Case{"", ""}, Case{"*", ""}, Case{"*", "anything"}, Case{"Example.ORG", "example.org"},
      Case{"*.example.org", "mx.example.org"}, Case{"*.example.org", "a.b.Example.org"},
      Case{"a*c", "ac"}, Case{"a*c", "abcbc"}, Case{"a?c", "abc"}, Case{"*@x", "@@x"},
      Case{"a**", "a"}, Case{"*a*b*", "xxaxxabxx"}, Case{"?*", "a"}, Case{"[1]", "[1]"});
  CAPTURE(fits.pattern, fits.text);
  CHECK(matches_pattern(fits.pattern, fits.text));
}

TEST_CASE("pattern: what does not fit", "[base]") {
  struct Case {
    const char* pattern;
    const char* text;
  };
  const auto wrong =
      GENERATE(Case{"", "a"}, Case{"a", ""}, Case{"?", ""}, Case{"example.org", "example.org."},
               Case{"example.org", "my.example.org"}, Case{"*.example.org", "example.org"},
               Case{"*.example.org", "x.example.org.test"}, Case{"a?c", "ac"}, Case{"a*c", "abcd"},
               Case{"[1]", "1"});
  CAPTURE(wrong.pattern, wrong.text);
  CHECK_FALSE(matches_pattern(wrong.pattern, wrong.text));
}

TEST_CASE("pattern: many stars over a long text that nearly fits take no exponential time",
          "[base]") {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "*a";
  CHECK_FALSE(matches_pattern(pattern + "b", std::string(5'000, 'a')));
}

}  // namespace base_pattern_test
