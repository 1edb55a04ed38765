#include "common/smtp/xclient.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/xtext.h"
#include "common/smtp/address.h"

namespace postrider::smtp {

namespace {

constexpr std::size_t kMaxLogin = 255;
constexpr std::string_view kIpv6Tag = "IPv6:";

bool is_name(const std::string& text) { return is_domain(text); }

bool is_address(const std::string& text) { return is_address_literal('[' + text + ']'); }

bool is_port(const std::string& text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size();
}

bool is_protocol(const std::string& text) {
  return equals_ignoring_case(text, "SMTP") || equals_ignoring_case(text, "ESMTP");
}

bool is_helo(const std::string& text) { return parse_client_name(text).has_value(); }

bool is_login(const std::string& text) {
  return !text.empty() && text.size() <= kMaxLogin &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_ascii(c) && !is_control(c); });
}

using Arguments = XclientArguments;

struct Attribute {
  std::string_view name;
  std::optional<std::string> Arguments::*member;
  bool (*is_right)(const std::string& value);
};
constexpr auto kAttributes = std::to_array<Attribute>({
    {"NAME", &Arguments::name, &is_name},
    {"ADDR", &Arguments::address, &is_address},
    {"PORT", &Arguments::port, &is_port},
    {"PROTO", &Arguments::protocol, &is_protocol},
    {"HELO", &Arguments::helo, &is_helo},
    {"LOGIN", &Arguments::login, &is_login},
    {"DESTADDR", &Arguments::destination_address, &is_address},
    {"DESTPORT", &Arguments::destination_port, &is_port},
});

bool says_none(const Attribute& attribute, std::string_view value) {
  return equals_ignoring_case(value, "[UNAVAILABLE]") ||
         (attribute.name == "NAME" && equals_ignoring_case(value, "[TEMPUNAVAIL]"));
}

// False: the value is wrong.
bool set(const Attribute& attribute, std::string_view xtext, Arguments& told) {
  auto value = from_xtext(xtext);
  if (!value) return false;
  auto& member = told.*attribute.member;
  member.emplace();
  if (says_none(attribute, *value)) return true;
  if (!attribute.is_right(*value)) return false;
  if (attribute.is_right == &is_protocol) value = value->size() == 4 ? "SMTP" : "ESMTP";
  if (attribute.is_right == &is_address && starts_with_ignoring_case(*value, kIpv6Tag))
    value->erase(0, kIpv6Tag.size());
  member = std::move(*value);
  return true;
}

}  // namespace

std::string xclient_attributes() {
  std::string names;
  for (const Attribute& attribute : kAttributes)
    names += fmt::format("{}{}", names.empty() ? "" : " ", attribute.name);
  return names;
}

Parsed<XclientArguments> parse_xclient(std::string_view argument) {
  Arguments told;
  if (argument.empty())
    return tl::unexpected(Reply{501, "5.5.4", "syntax: XCLIENT attribute=value"});
  while (!argument.empty()) {
    const std::string_view word = argument.substr(0, argument.find(' '));
    argument = trim(argument.substr(word.size()));
    const std::size_t equals = std::min(word.find('='), word.size());
    const std::string_view name = word.substr(0, equals);
    const auto* const attribute = std::find_if(
        kAttributes.begin(), kAttributes.end(),
        [&](const Attribute& candidate) { return equals_ignoring_case(candidate.name, name); });
    if (attribute == kAttributes.end() || equals == word.size())
      return tl::unexpected(Reply{501, "5.5.4", "XCLIENT: attributes are " + xclient_attributes()});
    if (!set(*attribute, word.substr(equals + 1), told))
      return tl::unexpected(Reply{501, "5.5.4", fmt::format("XCLIENT: bad {}", attribute->name)});
  }
  return told;
}

}  // namespace postrider::smtp
