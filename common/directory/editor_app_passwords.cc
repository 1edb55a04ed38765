// editor_app_passwords.cc - the passwords that a user has beside the main one.
#include "common/directory/editor_statements.h"

namespace postrider::directory {

Result<Secret> DirectoryEditor::add_app_password(std::string_view text, const AppPassword& added) {
  const auto address = require_user(text);
  if (!address) return pass_on(address.error());
  const auto& [local, domain] = *address;
  if (!is_app_password_name(added.name))
    return fail(ErrorKind::invalid, std::string(kAppPasswordName));
  const auto there =
      exists("SELECT 1 FROM app_passwords WHERE domain = ?1 AND local = ?2 AND name = ?3", domain,
             local, added.name);
  if (!there) return pass_on(there.error());
  if (*there)
    return fail(ErrorKind::invalid,
                fmt::format("{} has an app password {} already", address->str(), added.name));
  Secret password = new_app_password();
  const auto hashes = hash(*address, password);
  if (!hashes) return pass_on(hashes.error());
  // A selector that is taken breaks a constraint: one in millions, and the next call makes another.
  const auto done = change(
      "INSERT INTO app_passwords "
      "(domain, local, name, selector, password, scram, scope, created, expires) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      domain, local, added.name, *selector_of(password.reveal()), hashes->argon2id,
      sqlite::Blob{hashes->scram}, added.scope.str(), added.created, added.expires);
  if (!done) return pass_on(done.error());
  return password;
}

Result<void> DirectoryEditor::remove_app_password(std::string_view text, std::string_view name) {
  const auto address = require_user(text);
  if (!address) return pass_on(address.error());
  return found(change("DELETE FROM app_passwords WHERE domain = ?1 AND local = ?2 AND name = ?3",
                      address->domain, address->local, name),
               "app password", fmt::format("{} of {}", name, address->str()));
}

Result<std::vector<AppPassword>> DirectoryEditor::app_passwords(std::string_view text) {
  const auto address = require_user(text);
  if (!address) return pass_on(address.error());
  auto statement = database_.prepare(
      "SELECT name, scope, created, expires FROM app_passwords "
      "WHERE domain = ?1 AND local = ?2 ORDER BY name");
  if (!statement) return pass_on(std::move(statement.error()));
  statement->bind(address->domain, address->local);
  std::vector<AppPassword> passwords;
  while (true) {
    const auto row = statement->step();
    if (!row) return pass_on(row.error());
    if (!*row) return passwords;
    const auto scope = parse_scope(statement->text(1));
    if (!scope) return pass_on(scope.error());
    passwords.push_back(
        {std::string(statement->text(0)), *scope, statement->integer(2), statement->integer(3)});
  }
}

}  // namespace postrider::directory
