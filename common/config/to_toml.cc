#include "common/config/to_toml.h"

#include <type_traits>

#include <fmt/format.h>

#include "common/config/document.h"
#include "common/config/units.h"

namespace postrider::config {

namespace {

using std::chrono::milliseconds;

std::string text_of(const Parameter&, const std::string& value) { return quote(value); }
std::string text_of(const Parameter& parameter, std::uint64_t value) {
  return parameter.type == Type::size ? quote(format_size(value)) : std::to_string(value);
}
std::string text_of(const Parameter&, milliseconds value) { return quote(format_duration(value)); }
template <typename Enum>
requires std::is_enum_v<Enum> std::string text_of(const Parameter& parameter, Enum value) {
  return quote(choice_word(parameter.range, static_cast<unsigned>(value)));
}
std::string text_of(const Parameter&, const SmtpListener& value) {
  std::string mask;
  for (const std::string& keyword : value.mask)
    mask += fmt::format("{}{}", mask.empty() ? ", mask = [" : ", ", quote(keyword));
  if (!mask.empty()) mask += ']';
  return fmt::format("{{ address = {}, mode = \"{}\"{}{} }}", quote(value.address),
                     choice_word(kSmtpModes, static_cast<unsigned>(value.mode)), mask,
                     value.proxy ? ", proxy = true" : "");
}
std::string text_of(const Parameter&, const Pop3Listener& value) {
  return fmt::format("{{ address = {}, tls = \"{}\"{} }}", quote(value.address),
                     choice_word(kPop3Tls, static_cast<unsigned>(value.tls)),
                     value.proxy ? ", proxy = true" : "");
}
std::string text_of(const Parameter&, const CertificateFiles& value) {
  return fmt::format("{{ certificate = {}, key = {} }}", quote(value.certificate),
                     quote(value.key));
}
std::string text_of(const Parameter&, const Route& value) {
  std::string via;
  for (const std::string& one : value.via)
    via += fmt::format("{}{}", via.empty() ? "" : ", ", quote(one));
  if (value.via.size() > 1) via = fmt::format("[{}]", via);
  const auto part = [](std::string_view name, const std::string& text) {
    return text.empty() ? "" : fmt::format(", {} = {}", name, quote(text));
  };
  return fmt::format("{{ match = {}{}{}, via = {} }}", quote(value.match),
                     part("sender", value.sender), part("account", value.account), via);
}
std::string text_of(const Parameter&, const TlsPolicy& value) {
  std::string match;
  for (const std::string& name : value.match)
    match += fmt::format("{}{}", match.empty() ? ", match = [" : ", ", quote(name));
  if (!match.empty()) match += ']';
  return fmt::format("{{ destination = {}, level = \"{}\"{}{} }}", quote(value.destination),
                     choice_word(kTlsLevels, static_cast<unsigned>(value.level)), match,
                     value.only_tls13 ? ", min_version = \"1.3\"" : "");
}
std::string text_of(const Parameter&, const DestinationLimits& value) {
  const auto names = [](std::string_view key, const std::vector<std::string>& all) {
    std::string text;
    for (const std::string& name : all)
      text += fmt::format("{}{}", text.empty() ? "" : ", ", quote(name));
    if (all.size() > 1) text = fmt::format("[{}]", text);
    return text.empty() ? text : fmt::format("{} = {}, ", key, text);
  };
  const auto limit = [](std::string_view key, std::uint64_t number) {
    return number == 0 ? "" : fmt::format("{} = {}, ", key, number);
  };
  std::string text = names("domain", value.domains) + names("host", value.hosts) +
                     limit("connections", value.connections) +
                     limit("recipients", value.recipients);
  if (value.rate.count > 0) text += fmt::format("rate = {}, ", quote(format_rate(value.rate)));
  // What allows it and limits nothing keeps a table behind it from being the one that counts.
  const bool only_chunking =
      value.connections == 0 && value.recipients == 0 && value.rate.count == 0;
  if (!value.chunking || only_chunking) text += fmt::format("chunking = {}, ", value.chunking);
  text.resize(text.size() - 2);
  return fmt::format("{{ {} }}", text);
}
template <typename Element>
std::string text_of(const Parameter& parameter, const std::vector<Element>& values) {
  std::string text = "[";
  for (const Element& value : values) {
    if (text.size() > 1) text += ", ";
    text += text_of(parameter, value);
  }
  return text + "]";
}

}  // namespace

std::string to_toml(const Parameter& parameter, Settings settings) {
  return std::visit([&](auto member) { return text_of(parameter, member(settings)); },
                    parameter.target);
}

bool is_string(const Parameter& parameter) noexcept {
  return parameter.type != Type::count && !parameter.default_value.starts_with('[');
}

std::string default_toml(const Parameter& parameter) {
  const std::string_view value = parameter.default_value;
  return is_string(parameter) ? quote(value) : std::string(value);
}

}  // namespace postrider::config
