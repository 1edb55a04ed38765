// utf8.h - the characters that octets stand for, as UTF-8 has them (RFC 3629 section 4): nothing
// overlong, no surrogates, nothing beyond U+10FFFF.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace postrider {

struct Character {
  char32_t code = 0;
  std::size_t octets = 0;  // 0: the text does not begin with a character
};

// The first character of `text`; none where it is empty.
Character first_character(std::string_view text) noexcept;

// The text is nothing but characters.
bool is_utf8(std::string_view text) noexcept;

// Precondition: `code` is a character, no surrogate and not beyond U+10FFFF.
std::string to_utf8(char32_t code);

}  // namespace postrider
