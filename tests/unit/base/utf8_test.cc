#include "common/base/utf8.h"

#include <catch2/catch.hpp>

namespace base_utf8_test {

using namespace postrider;

TEST_CASE("base utf8: a character is read as it is written, and from its octets alone", "[base]") {
  const auto [code, octets] = GENERATE(table<char32_t, std::string>({
      {U'a', "a"},
      {0x7f, "\x7f"},
      {0x80, "\xc2\x80"},
      {0x7ff, "\xdf\xbf"},
      {0x800, "\xe0\xa0\x80"},
      {0xd7ff, "\xed\x9f\xbf"},
      {0xe000, "\xee\x80\x80"},
      {0xffff, "\xef\xbf\xbf"},
      {0x10000, "\xf0\x90\x80\x80"},
      {0x10ffff, "\xf4\x8f\xbf\xbf"},
  }));
  CAPTURE(octets);
  CHECK(to_utf8(code) == octets);
  for (const char* const rest : {"", "x", "\x80"}) {
    const Character character = first_character(octets + rest);
    CHECK(character.code == code);
    CHECK(character.octets == octets.size());
  }
  for (std::size_t cut = 1; cut < octets.size(); ++cut)
    CHECK(first_character(std::string_view(octets).substr(0, cut)).octets == 0);
}

TEST_CASE("base utf8: what is overlong, a surrogate or beyond Unicode is no character", "[base]") {
  const auto* const octets =
      GENERATE("", "\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
               "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3(");
  CAPTURE(octets);
  CHECK(first_character(octets).octets == 0);
}

}  // namespace base_utf8_test
