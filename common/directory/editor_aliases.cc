// editor_aliases.cc - addresses whose mail goes to others.
#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/directory/editor_statements.h"

namespace postrider::directory {

Result<void> DirectoryEditor::add_alias(std::string_view text,
                                        std::span<const std::string> targets) {
  const auto address = parse_alias_address(text);
  if (!address) return pass_on(address.error());
  const auto& [local, domain] = *address;
  if (targets.empty()) return fail(ErrorKind::invalid, "an alias needs a target");
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  if (auto known = require_domain(domain); !known) return known;
  const auto user = exists("SELECT 1 FROM users WHERE domain = ?1 AND local = ?2", domain, local);
  if (!user) return pass_on(user.error());
  if (*user)
    return fail(ErrorKind::invalid,
                fmt::format("{} is a user; an alias would hide the mailbox", address->str()));
  for (const std::string& given : targets) {
    const auto target = parse_target_address(given);
    if (!target) return pass_on(target.error());
    const auto added = change(
        "INSERT INTO aliases (domain, local, target) VALUES (?1, ?2, ?3) "
        "ON CONFLICT DO NOTHING",
        domain, local, target->str());
    if (!added) return pass_on(added.error());
  }
  return transaction->commit();
}

Result<void> DirectoryEditor::remove_alias(std::string_view text,
                                           std::span<const std::string> targets) {
  const auto address = parse_alias_address(text);
  if (!address) return pass_on(address.error());
  const auto& [local, domain] = *address;
  if (targets.empty())
    return found(change("DELETE FROM aliases WHERE domain = ?1 AND local = ?2", domain, local),
                 "alias", address->str());
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  for (const std::string& given : targets) {
    const auto target = parse_target_address(given);
    if (!target) return pass_on(target.error());
    auto removed =
        found(change("DELETE FROM aliases WHERE domain = ?1 AND local = ?2 AND target = ?3", domain,
                     local, target->str()),
              "target", fmt::format("{} of alias {}", target->str(), address->str()));
    if (!removed) return removed;
  }
  return transaction->commit();
}

Result<std::vector<Alias>> DirectoryEditor::aliases() {
  auto statement = database_.prepare(
      "SELECT local || '@' || domain, target FROM aliases ORDER BY domain, local, target");
  if (!statement) return pass_on(std::move(statement.error()));
  std::vector<Alias> aliases;
  while (true) {
    const auto row = statement->step();
    if (!row) return pass_on(row.error());
    if (!*row) return aliases;
    if (aliases.empty() || aliases.back().address != statement->text(0))
      aliases.push_back({std::string(statement->text(0)), {}});
    aliases.back().targets.emplace_back(statement->text(1));
  }
}

Result<std::vector<std::string>> DirectoryEditor::aliases_to(std::string_view address) {
  return rows(
      "SELECT DISTINCT local || '@' || domain FROM aliases WHERE lower(target) = ?1 "
      "ORDER BY domain, local",
      [](const sqlite::Statement& row) { return std::string(row.text(0)); }, to_lower(address));
}

}  // namespace postrider::directory
