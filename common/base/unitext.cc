#include "common/base/unitext.h"

#include <charconv>
#include <cstdint>

#include <fmt/format.h>

#include "common/base/check.h"
#include "common/base/utf8.h"

namespace postrider {

namespace {

bool is_qchar(char32_t code) noexcept {
  return code > ' ' && code <= '~' && code != '\\' && code != '+' && code != '=';
}

// Nothing where `digits` are no HEXPOINT.
std::optional<char32_t> parse_hexpoint(std::string_view digits) {
  std::uint32_t code = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (is_qchar(code) || surrogate || code > 0x10ffff) return std::nullopt;
  // Neither lower case nor further zeros.
  if (fmt::format("{:02X}", code) != digits) return std::nullopt;
  return code;
}

// Takes an EmbeddedUnicodeChar from the front of `unitext`.
std::optional<char32_t> take_embedded(std::string_view& unitext) {
  constexpr std::string_view kBegin = "\\x{";
  if (!unitext.starts_with(kBegin)) return std::nullopt;
  const std::size_t end = unitext.find('}');
  if (end == std::string_view::npos) return std::nullopt;
  const auto code = parse_hexpoint(unitext.substr(kBegin.size(), end - kBegin.size()));
  unitext.remove_prefix(end + 1);
  return code;
}

}  // namespace

std::string to_addr_xtext(std::string_view text) {
  std::string xtext;
  while (!text.empty()) {
    const Character character = first_character(text);
    POSTRIDER_CHECK(character.octets > 0);
    if (is_qchar(character.code)) {
      xtext += text.front();
    } else {
      xtext += fmt::format("\\x{{{:02X}}}", static_cast<std::uint32_t>(character.code));
    }
    text.remove_prefix(character.octets);
  }
  return xtext;
}

std::optional<std::string> from_addr_unitext(std::string_view unitext) {
  std::string text;
  while (!unitext.empty()) {
    const Character character = first_character(unitext);
    if (is_qchar(character.code) || character.code >= 0x80) {
      text += unitext.substr(0, character.octets);
      unitext.remove_prefix(character.octets);
    } else {
      const auto embedded = take_embedded(unitext);
      if (!embedded) return std::nullopt;
      text += to_utf8(*embedded);
    }
  }
  return text;
}

}  // namespace postrider
