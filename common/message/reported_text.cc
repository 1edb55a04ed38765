#include "common/message/reported_text.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/xtext.h"
#include "common/message/report.h"

namespace postrider::message {

namespace {

// RFC 5322 section 2.1.1: lines should be no longer.
constexpr std::size_t kLine = 78;

struct Character {
  char32_t code = 0;
  std::size_t octets = 0;  // 0: `text` does not begin with a character
};

// The first character of `text`, which is not empty, as UTF-8 has it (RFC 3629 section 4).
Character first_character(std::string_view text) noexcept {
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

// Calls `add` with each character of `text`, '?' for an octet that begins none and ' ' for a
// control character, until kMaxReportedValue octets were taken.
template <typename Add>
void for_each_character(std::string_view text, std::string& out, Add add) {
  std::size_t taken = 0;
  while (taken < text.size()) {
    const std::string_view rest = text.substr(taken);
    const Character character = first_character(rest);
    const std::size_t octets = std::max<std::size_t>(character.octets, 1);
    if (taken + octets > kMaxReportedValue) {
      out += "...";
      return;
    }
    taken += octets;
    if (character.octets == 0) {
      out += '?';
    } else if (is_control(rest.front()) || (character.code >= 0x80 && character.code < 0xa0)) {
      out += ' ';
    } else {
      add(rest.substr(0, octets), character.code);
    }
  }
}

}  // namespace

std::string reported(std::string_view text) {
  std::string out;
  for_each_character(text, out, [&](std::string_view octets, char32_t) { out += octets; });
  return out;
}

std::string reported_ascii(std::string_view text) {
  std::string out;
  for_each_character(text, out, [&](std::string_view octets, char32_t code) {
    code < 0x80 ? out += octets : out += '?';
  });
  return out;
}

std::string typed_address(std::string_view address) {
  if (is_all_ascii(address)) return "rfc822; " + reported(address);
  std::string out = "utf-8; ";
  for_each_character(address, out, [&](std::string_view octets, char32_t code) {
    if (code < 0x80 && code != '\\' && code != '+' && code != '=') {
      out += octets;
    } else {
      fmt::format_to(std::back_inserter(out), "\\x{{{:X}}}", static_cast<std::uint32_t>(code));
    }
  });
  return out;
}

std::string original_recipient(std::string_view orcpt) {
  const std::size_t semicolon = orcpt.find(';');
  if (semicolon == std::string_view::npos) return typed_address(orcpt);
  const std::string type = reported_ascii(orcpt.substr(0, semicolon));
  const std::string_view address = orcpt.substr(semicolon + 1);
  // An address of type utf-8 has its own encoding, which is not undone (RFC 6533 section 3).
  if (equals_ignoring_case(type, "utf-8")) return "utf-8; " + reported_ascii(address);
  return fmt::format("{}; {}", type,
                     reported_ascii(from_xtext(address).value_or(std::string(address))));
}

std::string fold(std::string_view line, std::string_view indent) {
  std::string folded;
  std::size_t room = kLine;
  while (line.size() > room) {
    std::size_t space = line.rfind(' ', room);
    // The spaces that a line begins with are no place to break it.
    if (space == std::string_view::npos || line.find_first_not_of(' ') > space)
      space = line.find(' ', room);
    if (space == std::string_view::npos) break;
    folded.append(line.substr(0, space)).append("\r\n").append(indent);
    line.remove_prefix(space + 1);
    room = kLine - indent.size();
  }
  return folded.append(line).append("\r\n");
}

}  // namespace postrider::message
