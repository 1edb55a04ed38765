#include "common/directory/editor.h"

#include <utility>

#include <fmt/format.h>

#include "common/directory/editor_statements.h"
#include "common/directory/password.h"
#include "common/directory/schema.h"
#include "common/sasl/scram.h"

namespace postrider::directory {

namespace {

constexpr std::string_view kSelectUser = "SELECT 1 FROM users WHERE domain = ?1 AND local = ?2";
constexpr std::string_view kSelectAlias = "SELECT 1 FROM aliases WHERE domain = ?1 AND local = ?2";

}  // namespace

Result<DirectoryEditor> DirectoryEditor::open(const std::string& path, sqlite::Access access) {
  auto database = sqlite::Database::open(path, access);
  if (!database) return passed_on(database.error());
  if (auto ready = database->migrate(kSchema); !ready) return passed_on(ready.error());
  return DirectoryEditor(std::move(*database));
}

Result<void> DirectoryEditor::require_domain(std::string_view name) {
  const auto known = exists("SELECT 1 FROM domains WHERE name = ?1", name);
  if (!known) return tl::unexpected<Error>(known.error());
  if (!*known)
    return fail(ErrorKind::not_found,
                fmt::format("no domain {0}; add it with: postrider domain add {0}", name));
  return {};
}

Result<void> DirectoryEditor::add_domain(std::string_view name) {
  const auto domain = parse_domain(name);
  if (!domain) return tl::unexpected<Error>(domain.error());
  auto added = change("INSERT INTO domains (name) VALUES (?1) ON CONFLICT DO NOTHING",
                      std::string_view(*domain));
  if (!added) return passed_on(added.error());
  if (*added == 0)
    return fail(ErrorKind::invalid, fmt::format("domain {} is there already", *domain));
  return {};
}

Result<void> DirectoryEditor::remove_domain(std::string_view name) {
  const auto domain = parse_domain(name);
  if (!domain) return tl::unexpected<Error>(domain.error());
  auto removed = change("DELETE FROM domains WHERE name = ?1", std::string_view(*domain));
  if (!removed && removed.error().kind == ErrorKind::invalid)
    return fail(ErrorKind::invalid,
                fmt::format("domain {} has users or aliases; remove them first", *domain));
  return found(std::move(removed), "domain", *domain);
}

Result<std::vector<std::string>> DirectoryEditor::domains() {
  auto statement = database_.prepare("SELECT name FROM domains ORDER BY name");
  if (!statement) return passed_on(statement.error());
  std::vector<std::string> names;
  while (true) {
    const auto row = statement->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return names;
    names.emplace_back(statement->text(0));
  }
}

Result<void> DirectoryEditor::add_user(std::string_view text, std::uint64_t quota) {
  const auto address = parse_mailbox_address(text);
  if (!address) return tl::unexpected<Error>(address.error());
  const auto& [local, domain] = *address;
  if (auto known = require_domain(domain); !known) return known;
  const auto alias = exists(kSelectAlias, domain, local);
  if (!alias) return tl::unexpected<Error>(alias.error());
  if (*alias)
    return fail(ErrorKind::invalid, fmt::format("{} is an alias already", address->str()));
  auto added = change(
      "INSERT INTO users (domain, local, password, quota) VALUES (?1, ?2, '', ?3) "
      "ON CONFLICT DO NOTHING",
      domain, local, quota);
  if (!added) return passed_on(added.error());
  if (*added == 0)
    return fail(ErrorKind::invalid, fmt::format("user {} is there already", address->str()));
  return {};
}

Result<void> DirectoryEditor::remove_user(std::string_view text) {
  const auto address = parse_mailbox_address(text);
  if (!address) return tl::unexpected<Error>(address.error());
  return found(
      change("DELETE FROM users WHERE domain = ?1 AND local = ?2", address->domain, address->local),
      "user", address->str());
}

Result<void> DirectoryEditor::set_password(std::string_view text, const Secret& password) {
  const auto address = parse_mailbox_address(text);
  if (!address) return tl::unexpected<Error>(address.error());
  if (sasl::prepared(password).reveal().empty())
    return fail(ErrorKind::invalid, "the password is empty");
  if (selector_of(password.reveal()))
    return fail(ErrorKind::invalid,
                "the password has the form of an app password; add one with: postrider user "
                "app-password add");
  const auto hashes = hash(*address, password);
  if (!hashes) return tl::unexpected<Error>(hashes.error());
  return found(
      change("UPDATE users SET password = ?3, scram = ?4 WHERE domain = ?1 AND local = ?2",
             address->domain, address->local, hashes->argon2id, sqlite::Blob{hashes->scram}),
      "user", address->str());
}

Result<DirectoryEditor::Hashes> DirectoryEditor::hash(const Address& address,
                                                      const Secret& password) {
  auto made_with = database_.prepare("SELECT salt_key, iterations FROM scram");
  if (!made_with) return passed_on(made_with.error());
  const auto row = made_with->step();
  if (!row) return tl::unexpected<Error>(row.error());
  auto argon2id = hash_password(password);
  if (!argon2id) return passed_on(argon2id.error());
  const auto keys = sasl::derive_scram_keys(password, scram_salt(made_with->text(0), address.str()),
                                            static_cast<unsigned>(made_with->integer(1)));
  if (!keys) return tl::unexpected<Error>(keys.error());
  std::string scram(keys->stored.begin(), keys->stored.end());
  scram.append(keys->server.begin(), keys->server.end());
  return Hashes{std::move(*argon2id), std::move(scram)};
}

Result<void> DirectoryEditor::set_quota(std::string_view text, std::uint64_t quota) {
  const auto address = parse_mailbox_address(text);
  if (!address) return tl::unexpected<Error>(address.error());
  return found(change("UPDATE users SET quota = ?3 WHERE domain = ?1 AND local = ?2",
                      address->domain, address->local, quota),
               "user", address->str());
}

Result<std::vector<User>> DirectoryEditor::users() {
  auto statement = database_.prepare(
      "SELECT local || '@' || domain, quota, password <> '' FROM users ORDER BY domain, local");
  if (!statement) return passed_on(statement.error());
  std::vector<User> users;
  while (true) {
    const auto row = statement->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return users;
    users.push_back({std::string(statement->text(0)),
                     static_cast<std::uint64_t>(statement->integer(1)),
                     statement->integer(2) != 0});
  }
}

Result<void> DirectoryEditor::add_alias(std::string_view text,
                                        std::span<const std::string> targets) {
  const auto address = parse_alias_address(text);
  if (!address) return tl::unexpected<Error>(address.error());
  const auto& [local, domain] = *address;
  if (targets.empty()) return fail(ErrorKind::invalid, "an alias needs a target");
  if (auto known = require_domain(domain); !known) return known;
  const auto user = exists(kSelectUser, domain, local);
  if (!user) return tl::unexpected<Error>(user.error());
  if (*user)
    return fail(ErrorKind::invalid,
                fmt::format("{} is a user; an alias would hide the mailbox", address->str()));
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return passed_on(transaction.error());
  for (const std::string& given : targets) {
    const auto target = parse_target_address(given);
    if (!target) return tl::unexpected<Error>(target.error());
    const auto added = change(
        "INSERT INTO aliases (domain, local, target) VALUES (?1, ?2, ?3) "
        "ON CONFLICT DO NOTHING",
        domain, local, target->str());
    if (!added) return tl::unexpected<Error>(added.error());
  }
  return transaction->commit();
}

Result<void> DirectoryEditor::remove_alias(std::string_view text,
                                           std::span<const std::string> targets) {
  const auto address = parse_alias_address(text);
  if (!address) return tl::unexpected<Error>(address.error());
  const auto& [local, domain] = *address;
  if (targets.empty())
    return found(change("DELETE FROM aliases WHERE domain = ?1 AND local = ?2", domain, local),
                 "alias", address->str());
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return passed_on(transaction.error());
  for (const std::string& given : targets) {
    const auto target = parse_target_address(given);
    if (!target) return tl::unexpected<Error>(target.error());
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
  if (!statement) return passed_on(statement.error());
  std::vector<Alias> aliases;
  while (true) {
    const auto row = statement->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return aliases;
    if (aliases.empty() || aliases.back().address != statement->text(0))
      aliases.push_back({std::string(statement->text(0)), {}});
    aliases.back().targets.emplace_back(statement->text(1));
  }
}

}  // namespace postrider::directory
