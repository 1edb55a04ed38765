#include "common/message/reported_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/unitext.h"
#include "common/base/utf8.h"
#include "common/base/xtext.h"
#include "common/message/report.h"

namespace postrider::message {

namespace {

// RFC 5322 section 2.1.1: lines should be no longer.
constexpr std::size_t kLine = 78;

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
  return "utf-8; " + to_addr_xtext(reported(address));
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
  line = line.substr(0, line.find_last_not_of(' ') + 1);
  std::string folded;
  std::size_t room = kLine;
  while (line.size() > room) {
    // The spaces that a line begins with are no place to break it.
    const std::size_t words = line.find_first_not_of(' ');
    std::size_t space = line.rfind(' ', room);
    if (space == std::string_view::npos || space < words)
      space = line.find(' ', std::max(room, words));
    if (space == std::string_view::npos) break;
    folded.append(line.substr(0, space)).append("\r\n").append(indent);
    line.remove_prefix(line.find_first_not_of(' ', space));
    room = kLine - indent.size();
  }
  return folded.append(line).append("\r\n");
}

}  // namespace postrider::message
