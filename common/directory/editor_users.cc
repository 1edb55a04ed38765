// editor_users.cc - users and what is set for them, but for their passwords.
#include <fmt/format.h>

#include "common/directory/editor_statements.h"

namespace postrider::directory {

namespace {

constexpr std::string_view kSelectUsers =
    "SELECT u.local || '@' || u.domain, u.scope, u.disabled, u.expires, u.created, "
    "u.password_changed, u.password <> '', d.disabled, "
    "EXISTS (SELECT 1 FROM apop_secrets a WHERE a.domain = u.domain AND a.local = u.local), "
    "u.quota, u.quota_messages, u.retention, u.trash, "
    "coalesce(u.quota, d.quota), coalesce(u.quota_messages, d.quota_messages), "
    "coalesce(u.retention, d.retention), coalesce(u.trash, d.trash) "
    "FROM users u JOIN domains d ON d.name = u.domain ";

// One that cannot be read covers nothing, as for who logs in.
User user_of(const sqlite::Statement& row) {
  enum Column : int {
    address,
    scope,
    disabled,
    expires,
    created,
    password_changed,
    has_password,
    domain_disabled,
    has_apop,
    own,
    in_force = own + 4
  };
  const auto covers = parse_scope(row.text(Column::scope));
  return {.address = std::string(row.text(Column::address)),
          .settings = {.rules = rules_at(row, Column::own),
                       .scope = covers ? *covers : Scope{},
                       .disabled = row.integer(Column::disabled) != 0,
                       .expires = row.integer(Column::expires)},
          .in_force = rules_at(row, Column::in_force),
          .created = row.integer(Column::created),
          .password_changed = row.integer(Column::password_changed),
          .has_password = row.integer(Column::has_password) != 0,
          .has_apop = row.integer(Column::has_apop) != 0,
          .domain_disabled = row.integer(Column::domain_disabled) != 0};
}

}  // namespace

Result<Address> DirectoryEditor::require_user(std::string_view text) {
  auto address = parse_mailbox_address(text);
  if (!address) return address;
  const auto known = exists("SELECT 1 FROM users WHERE domain = ?1 AND local = ?2", address->domain,
                            address->local);
  if (!known) return pass_on(known.error());
  if (!*known) return fail(ErrorKind::not_found, fmt::format("no user {}", address->str()));
  return address;
}

Result<void> DirectoryEditor::add_user(std::string_view text, const UserSettings& settings) {
  const auto address = parse_mailbox_address(text);
  if (!address) return pass_on(address.error());
  const auto& [local, domain] = *address;
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  if (auto known = require_domain(domain); !known) return known;
  const auto alias =
      exists("SELECT 1 FROM aliases WHERE domain = ?1 AND local = ?2", domain, local);
  if (!alias) return pass_on(alias.error());
  if (*alias)
    return fail(ErrorKind::invalid, fmt::format("{} is an alias already", address->str()));
  auto added = change(
      "INSERT INTO users (domain, local, password, created) VALUES (?1, ?2, '', ?3) "
      "ON CONFLICT DO NOTHING",
      domain, local, now());
  if (!added) return pass_on(std::move(added.error()));
  if (*added == 0)
    return fail(ErrorKind::invalid, fmt::format("user {} is there already", address->str()));
  if (auto written = write(*address, settings); !written) return written;
  return transaction->commit();
}

Result<void> DirectoryEditor::add_user_with_password(std::string_view address,
                                                     const UserSettings& settings,
                                                     const Secret& password,
                                                     const PasswordPolicy& policy) {
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  if (auto added = add_user(address, settings); !added) return added;
  if (auto set = set_password(address, password, policy); !set) return set;
  return transaction->commit();
}

Result<void> DirectoryEditor::write(const Address& user, const UserSettings& settings) {
  if (auto right = check(settings.rules); !right) return right;
  const MailboxRules& rules = settings.rules;
  return found(change("UPDATE users SET quota = ?3, quota_messages = ?4, retention = ?5, "
                      "trash = ?6, scope = ?7, disabled = ?8, expires = ?9 "
                      "WHERE domain = ?1 AND local = ?2",
                      user.domain, user.local, rules.quota, rules.quota_messages, rules.retention,
                      rules.trash, settings.scope.str(), int{settings.disabled}, settings.expires),
               "user", user.str());
}

Result<void> DirectoryEditor::change_user(std::string_view text,
                                          UniqueFunction<void(UserSettings&)> change) {
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  const auto address = require_user(text);
  if (!address) return pass_on(address.error());
  auto known = user(text);
  if (!known) return pass_on(std::move(known.error()));
  change(known->settings);
  if (auto written = write(*address, known->settings); !written) return written;
  return transaction->commit();
}

Result<void> DirectoryEditor::remove_user(std::string_view text) {
  const auto address = parse_mailbox_address(text);
  if (!address) return pass_on(address.error());
  return found(
      change("DELETE FROM users WHERE domain = ?1 AND local = ?2", address->domain, address->local),
      "user", address->str());
}

Result<User> DirectoryEditor::user(std::string_view text) {
  const auto address = require_user(text);
  if (!address) return pass_on(address.error());
  auto found = rows(fmt::format("{} WHERE u.domain = ?1 AND u.local = ?2", kSelectUsers), user_of,
                    address->domain, address->local);
  if (!found) return pass_on(std::move(found.error()));
  if (found->empty()) return fail(ErrorKind::not_found, fmt::format("no user {}", address->str()));
  return std::move(found->front());
}

Result<std::vector<User>> DirectoryEditor::users() {
  return rows(fmt::format("{} ORDER BY u.domain, u.local", kSelectUsers), user_of);
}

}  // namespace postrider::directory
