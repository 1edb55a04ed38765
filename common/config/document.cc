#include "common/config/document.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "common/base/ascii.h"

namespace postrider::config {

namespace {

unsigned line_of(const toml::source_region& region) { return region.begin.line; }

Value::Table to_members(const toml::table& table);

// The depth is bounded by the library (TOML_MAX_NESTED_VALUES, 256).
Value to_value(const toml::node& node) {
  Value value{{}, line_of(node.source())};
  if (const auto* text = node.as_string()) {
    value.data = text->get();
  } else if (const auto* number = node.as_integer()) {
    value.data = number->get();
  } else if (const auto* boolean = node.as_boolean()) {
    value.data = boolean->get();
  } else if (const auto* array = node.as_array()) {
    Value::Array elements;
    for (const toml::node& element : *array) elements.push_back(to_value(element));
    value.data = std::move(elements);
  } else if (const auto* table = node.as_table()) {
    value.data = to_members(*table);
  }
  return value;
}

Value::Table to_members(const toml::table& table) {
  Value::Table members;
  for (const auto& [key, node] : table)
    members.push_back({std::string(key.str()), to_value(node), line_of(key.source())});
  std::stable_sort(members.begin(), members.end(),
                   [](const Member& a, const Member& b) { return a.line < b.line; });
  return members;
}

}  // namespace

std::string_view Value::kind() const noexcept {
  constexpr std::array<std::string_view, 6> kKinds{"a number with a fraction, a date or a time",
                                                   "a boolean",
                                                   "a number",
                                                   "a string",
                                                   "an array",
                                                   "a table"};
  return kKinds[data.index()];
}

tl::expected<Value::Table, SyntaxError> parse_toml(std::string_view text) {
  try {
    return to_members(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return tl::unexpected<SyntaxError>({line_of(error.source()), std::string(error.description())});
  }
}

std::string quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (is_control(c)) {
      quoted += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace postrider::config
