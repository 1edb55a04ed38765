#include "common/base/utf8.h"

namespace postrider {

Character first_character(std::string_view text) noexcept {
  if (text.empty()) return {};
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  char32_t code = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0U) != 0x80) return {};
    code = (code << 6U) | (at(i) & 0x3fU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return overlong || surrogate || code > 0x10ffff ? Character{} : Character{code, length};
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t octets = first_character(text).octets;
    if (octets == 0) return false;
    text.remove_prefix(octets);
  }
  return true;
}

std::string to_utf8(char32_t code) {
  if (code < 0x80) return {static_cast<char>(code)};
  const std::size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  std::string octets(length, '\0');
  for (std::size_t i = length - 1; i > 0; --i) {
    octets[i] = static_cast<char>(0x80U | (code & 0x3fU));
    code >>= 6U;
  }
  octets[0] = static_cast<char>((0xf00U >> length & 0xffU) | code);
  return octets;
}

}  // namespace postrider
