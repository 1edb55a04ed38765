#include "common/base/xtext.h"

#include <catch2/catch.hpp>

namespace base_xtext_test {

using namespace postrider;

TEST_CASE("base xtext: what a parameter cannot carry is encoded, and comes back", "[base]") {
  const auto [text, xtext] = GENERATE(table<std::string, std::string>({
      {"", ""},
      {"bob@x.test", "bob@x.test"},
      {"a+b=c", "a+2Bb+3Dc"},
      {"two words", "two+20words"},
      {"!~", "!~"},
      {"gr\xc3\xbc\xc3\x9f\r\n\x7f", "gr+C3+BC+C3+9F+0D+0A+7F"},
  }));
  CHECK(to_xtext(text) == xtext);
  CHECK(from_xtext(xtext) == text);
}

TEST_CASE("base xtext: what is none is not guessed at", "[base]") {
  const auto* const text =
      GENERATE("a b", "a=b", "+", "+2", "a+2", "+2b", "+G0", "+ 2", "\x7f", "\xc3\xbc", "a\tb");
  CAPTURE(text);
  CHECK_FALSE(from_xtext(text));
}

}  // namespace base_xtext_test
