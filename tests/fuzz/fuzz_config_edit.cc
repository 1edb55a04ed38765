// Any octets as a configuration file of which a parameter is set and taken out: it alone changes.
// The first octet chooses the parameter, the second the value.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "common/config/document.h"
#include "common/config/edit.h"
#include "common/config/parameters.h"

using namespace postrider::config;

namespace {

constexpr std::array<std::string_view, 5> kValues{"7", "\"a # b\"", "[1,\n 2]", "'''\n'''",
                                                  "{ a = 1 }"};

const Value* find(const Value::Table& table, std::string_view key) {
  for (const Member& one : table)
    if (one.key == key) return &one.value;
  return nullptr;
}

bool has(std::string_view text, std::string_view name) {
  const auto document = parse_toml(text);
  POSTRIDER_CHECK(document.has_value());
  const std::string_view section = section_of(name);
  if (section.empty()) return find(*document, name) != nullptr;
  const Value* const table = find(*document, section);
  const auto* members = table == nullptr ? nullptr : std::get_if<Value::Table>(&table->data);
  return members != nullptr && find(*members, key_of(name)) != nullptr;
}

// What set_value() cannot tell from a section that it has made itself.
bool ends_with_empty_section(std::string_view text, std::string_view section) {
  const std::size_t header = text.rfind('[' + std::string(section) + ']');
  return header != std::string_view::npos && text.size() - header <= section.size() + 4;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Parameter& parameter = parameters()[data[0] % parameters().size()];
  const std::string_view value = kValues[data[1] % kValues.size()];
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto edit = set_value(text, parameter.name, value);
  if (const auto removal = unset_value(text, parameter.name))
    POSTRIDER_CHECK(!has(applied(text, *removal), parameter.name));
  if (!edit) return 0;
  POSTRIDER_CHECK(edit->offset + edit->length <= text.size());
  const std::string changed = applied(text, *edit);
  POSTRIDER_CHECK(has(changed, parameter.name));
  POSTRIDER_CHECK(line_of(changed, parameter.name) > 0);
  if (has(text, parameter.name)) return 0;
  POSTRIDER_CHECK(edit->length == 0);
  const auto removal = unset_value(changed, parameter.name);
  POSTRIDER_CHECK(removal.has_value());
  if (!ends_with_empty_section(text, section_of(parameter.name)))
    POSTRIDER_CHECK(applied(changed, *removal) == text);
  return 0;
}
