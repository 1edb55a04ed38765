#include "common/config/versions.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "common/base/check.h"
#include "common/config/daemon.h"
#include "common/config/parameters.h"

namespace postrider::config {

namespace {

Member* find(Value::Table& table, std::string_view key) {
  const auto it =
      std::find_if(table.begin(), table.end(), [&](const Member& one) { return one.key == key; });
  return it == table.end() ? nullptr : &*it;
}

// The table in which a parameter of that section stands: the document itself for none. Null: it is
// not there, or it is no table.
Value::Table* section(Value::Table& document, std::string_view name) {
  if (name.empty()) return &document;
  Member* const member = find(document, name);
  return member == nullptr ? nullptr : std::get_if<Value::Table>(&member->value.data);
}

std::optional<Member> take(Value::Table& document, std::string_view name) {
  Value::Table* const table = section(document, section_of(name));
  Member* const member = table == nullptr ? nullptr : find(*table, key_of(name));
  if (member == nullptr) return std::nullopt;
  Member taken = std::move(*member);
  table->erase(table->begin() + (member - table->data()));
  return taken;
}

void put(Value::Table& document, std::string_view name, Member member) {
  const std::string_view of = section_of(name);
  if (!of.empty() && find(document, of) == nullptr)
    document.push_back({std::string(of), {Value::Table(), member.line}, member.line});
  Value::Table* const table = section(document, of);
  if (table == nullptr) return;  // it is no table, of which the file's owner is told
  member.key = key_of(name);
  table->push_back(std::move(member));
}

bool has(Value::Table& document, std::string_view name) {
  Value::Table* const table = section(document, section_of(name));
  return table != nullptr && find(*table, key_of(name)) != nullptr;
}

void carry_out(Value::Table& document, const Migration& step) {
  for (const Renamed& one : step.renamed)
    if (auto member = take(document, one.from)) put(document, one.to, std::move(*member));
  for (const FormerDefault& one : step.former_defaults) {
    if (has(document, one.name)) continue;
    auto value = parse_toml(fmt::format("value = {}", one.value));
    POSTRIDER_CHECK(value.has_value());
    put(document, one.name, std::move(value->front()));
  }
}

}  // namespace

std::span<const Migration> migrations() noexcept {
  static_assert(kVersion == 1, "a new version needs the step that leads to it");
  return {};
}

std::int64_t take_version(Value::Table& document, std::int64_t newest,
                          std::vector<Complaint>& complaints) {
  const auto member = take(document, kVersionKey);
  if (!member) return 1;
  const auto* number = std::get_if<std::int64_t>(&member->value.data);
  if (number != nullptr && *number >= 1 && *number <= newest) return *number;
  std::string text =
      fmt::format("is a whole number from 1 to {}; write version = {}", newest, newest);
  if (number != nullptr && *number > newest)
    text = fmt::format(
        "the file is of version {0}, and this release (postrider {1}) reads up to {2}; install the "
        "package postrider of the release that the file was written for, or of a later one",
        *number, version(), newest);
  complaints.push_back({member->line, std::string(kVersionKey), std::move(text)});
  return 0;
}

void migrate(Value::Table& document, std::int64_t version, std::span<const Migration> steps) {
  for (std::size_t i = static_cast<std::size_t>(version) - 1; i < steps.size(); ++i)
    carry_out(document, steps[i]);
}

}  // namespace postrider::config
