#include "common/base/unitext.h"

#include <catch2/catch.hpp>

namespace base_unitext_test {

using namespace postrider;

TEST_CASE("base unitext: what ASCII or a parameter cannot carry is encoded, and comes back",
          "[base]") {
  const auto [text, xtext] = GENERATE(table<std::string, std::string>({
      {"", ""},
      {"bob@x.test", "bob@x.test"},
      {"a+b=c\\ d", "a\\x{2B}b\\x{3D}c\\x{5C}\\x{20}d"},
      {"j\xc3\xb6rg", "j\\x{F6}rg"},
      {"\xe6\x9d\x8e\xf0\x9f\x93\xa7\xf4\x8f\xbf\xbf", "\\x{674E}\\x{1F4E7}\\x{10FFFF}"},
      {"\x01\x7f", "\\x{01}\\x{7F}"},
  }));
  CHECK(to_addr_xtext(text) == xtext);
  CHECK(from_addr_unitext(xtext) == text);
}

TEST_CASE("base unitext: characters beyond ASCII may stand for themselves", "[base]") {
  CHECK(from_addr_unitext("\xe6\x9d\x8e\\x{674E}@x\xc3\xb6.test") ==
        "\xe6\x9d\x8e\xe6\x9d\x8e@x\xc3\xb6.test");
}

TEST_CASE("base unitext: what is none is not guessed at", "[base]") {
  const auto* const text = GENERATE(
      "a b", "a+b", "a=b", "\\", "\\x", "\\x{", "\\x{}", "\\x{674E", "\\x{674e}", "\\x{0674E}",
      "\\x{9}", "\\x{41}", "\\x{D800}", "\\x{DFFF}", "\\x{110000}", "\\x{-1}", "\\x{FFFFFFFFFF}",
      "\\X{674E}", "\\x{67 E}", "\x7f", "a\tb", "\xf6", "\xed\xa0\x80");
  CAPTURE(text);
  CHECK_FALSE(from_addr_unitext(text));
}

}  // namespace base_unitext_test
