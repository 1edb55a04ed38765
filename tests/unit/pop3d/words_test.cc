#include "pop3d/words.h"

#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "common/base/utf8.h"

namespace pop3d_words_test {

using namespace postrider;
using namespace postrider::pop3d;

namespace {

std::ptrdiff_t placeholders(std::string_view text) {
  return std::count(text.begin(), text.end(), '{');
}

bool is_line(std::string_view text) {
  while (!text.empty()) {
    const Character character = first_character(text);
    if (character.octets == 0 || character.code < 0x20 || character.code == 0x7f) return false;
    text.remove_prefix(character.octets);
  }
  return true;
}

}  // namespace

TEST_CASE("pop3 words: each text is there in each language, on one line, with the same arguments",
          "[pop3d]") {
  for (std::size_t w = 0; w < kWords; ++w) {
    const Word word = static_cast<Word>(w);
    const std::string_view english = text_of(word, Language::english);
    for (std::size_t l = 0; l < kLanguages; ++l) {
      const std::string_view text = text_of(word, static_cast<Language>(l));
      CAPTURE(english, text);
      CHECK_FALSE(text.empty());
      CHECK(is_line(text));
      CHECK(placeholders(text) == placeholders(english));
    }
  }
}

TEST_CASE("pop3 words: who has not asked for a language gets ASCII", "[pop3d]") {
  for (std::size_t w = 0; w < kWords; ++w) {
    const std::string_view text = text_of(static_cast<Word>(w), Language::english);
    CHECK(std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }));
  }
}

TEST_CASE("pop3 words: no line is longer than a reply may be", "[pop3d]") {
  // RFC 2449 section 4: 512 octets, of which "-ERR", a code and numbers need some.
  for (std::size_t w = 0; w < kWords; ++w)
    for (std::size_t l = 0; l < kLanguages; ++l)
      CHECK(text_of(static_cast<Word>(w), static_cast<Language>(l)).size() < 200);
}

TEST_CASE("pop3 words: a language is found by its tag or a longer one", "[pop3d]") {
  CHECK(find_language("en") == Language::english);
  CHECK(find_language("EN-gb") == Language::english);
  CHECK(find_language("*") == Language::english);
  CHECK(find_language("de-AT-1996") == Language::german);
  CHECK(find_language("zh-Hant") == Language::chinese);
  const std::string_view none = GENERATE("", "d", "den", "fr", "x-de", "-", "--", "de_AT", "**");
  CHECK_FALSE(find_language(none).has_value());
}

}  // namespace pop3d_words_test
