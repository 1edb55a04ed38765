// editor_passwords.cc - the main password of a user, and the secret for APOP.
#include <fmt/format.h>

#include "common/directory/editor_statements.h"
#include "common/directory/password.h"
#include "common/sasl/scram.h"

namespace postrider::directory {

Result<void> DirectoryEditor::set_password(std::string_view text, const Secret& password,
                                           const PasswordPolicy& policy) {
  const auto address = require_user(text);
  if (!address) return pass_on(address.error());
  if (auto fault = fault_of(policy, *address, password))
    return fail(ErrorKind::invalid, std::move(*fault));
  if (auto other = check_history(*address, password, policy.history); !other) return other;
  const auto hashes = hash(*address, password);
  if (!hashes) return pass_on(hashes.error());
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  if (auto kept = keep_earlier(*address, policy.history); !kept) return kept;
  auto set = found(
      change("UPDATE users SET password = ?3, scram = ?4, password_changed = ?5 "
             "WHERE domain = ?1 AND local = ?2",
             address->domain, address->local, hashes->argon2id, sqlite::Blob{hashes->scram}, now()),
      "user", address->str());
  if (!set) return set;
  return transaction->commit();
}

// Each costs a hash. One of another program's nobody can compare with.
Result<void> DirectoryEditor::check_history(const Address& address, const Secret& password,
                                            std::size_t history) {
  const auto hashes = rows(
      "SELECT password FROM (SELECT password, 1 AS present, 0 AS number FROM users "
      "WHERE domain = ?1 AND local = ?2 UNION ALL SELECT password, 0, number "
      "FROM earlier_passwords WHERE domain = ?1 AND local = ?2) "
      "ORDER BY present DESC, number DESC LIMIT ?3",
      [](const sqlite::Statement& row) { return std::string(row.text(0)); }, address.domain,
      address.local, history);
  if (!hashes) return pass_on(hashes.error());
  for (const std::string& hash : *hashes) {
    if (hash.empty() || !is_password_hash(hash)) continue;
    const auto fits = password_fits(hash, password);
    if (!fits) return pass_on(fits.error());
    if (*fits)
      return fail(ErrorKind::invalid,
                  fmt::format("the password is one of the last {} of {}; choose one that was not "
                              "used before",
                              history, address.str()));
  }
  return {};
}

// Of the password that goes; with those before it that the policy asks about, and no more.
Result<void> DirectoryEditor::keep_earlier(const Address& address, std::size_t history) {
  const auto kept = change(
      "INSERT INTO earlier_passwords (domain, local, number, password) "
      "SELECT domain, local, 1 + coalesce((SELECT max(number) FROM earlier_passwords e "
      "WHERE e.domain = u.domain AND e.local = u.local), 0), password "
      "FROM users u WHERE domain = ?1 AND local = ?2 AND password <> ''",
      address.domain, address.local);
  if (!kept) return pass_on(kept.error());
  const auto dropped = change(
      "DELETE FROM earlier_passwords WHERE domain = ?1 AND local = ?2 AND number NOT IN "
      "(SELECT number FROM earlier_passwords WHERE domain = ?1 AND local = ?2 "
      "ORDER BY number DESC LIMIT ?3)",
      address.domain, address.local, history > 0 ? history - 1 : 0);
  if (!dropped) return pass_on(dropped.error());
  return {};
}

Result<DirectoryEditor::Hashes> DirectoryEditor::hash(const Address& address,
                                                      const Secret& password) {
  auto made_with = database_.prepare("SELECT salt_key, iterations FROM scram");
  if (!made_with) return pass_on(std::move(made_with.error()));
  const auto row = made_with->step();
  if (!row) return pass_on(row.error());
  auto argon2id = hash_password(password);
  if (!argon2id) return pass_on(std::move(argon2id.error()));
  const auto keys = sasl::derive_scram_keys(password, scram_salt(made_with->text(0), address.str()),
                                            static_cast<unsigned>(made_with->integer(1)));
  if (!keys) return pass_on(keys.error());
  std::string scram(keys->stored.begin(), keys->stored.end());
  scram.append(keys->server.begin(), keys->server.end());
  return Hashes{std::move(*argon2id), std::move(scram)};
}

// ---- APOP (RFC 1939 section 7) ----

// Of the letters and the length of an app password: 100 bits, as whoever has seen a digest may
// guess at leisure.
Result<Secret> DirectoryEditor::enable_apop(std::string_view text) {
  const auto address = require_user(text);
  if (!address) return pass_on(address.error());
  Secret secret = new_app_password();
  const auto done = change(
      "INSERT INTO apop_secrets (domain, local, secret, created) VALUES (?1, ?2, ?3, ?4) "
      "ON CONFLICT DO UPDATE SET secret = excluded.secret, created = excluded.created",
      address->domain, address->local, secret.reveal(), now());
  if (!done) return pass_on(done.error());
  return secret;
}

Result<void> DirectoryEditor::disable_apop(std::string_view text) {
  const auto address = require_user(text);
  if (!address) return pass_on(address.error());
  return found(change("DELETE FROM apop_secrets WHERE domain = ?1 AND local = ?2", address->domain,
                      address->local),
               "APOP secret of", address->str());
}

Result<Secret> DirectoryEditor::apop_secret(std::string_view text) {
  const auto address = require_user(text);
  if (!address) return pass_on(address.error());
  auto secrets = rows(
      "SELECT secret FROM apop_secrets WHERE domain = ?1 AND local = ?2",
      [](const sqlite::Statement& row) { return Secret(std::string(row.text(0))); },
      address->domain, address->local);
  if (!secrets) return pass_on(std::move(secrets.error()));
  if (secrets->empty())
    return fail(ErrorKind::not_found, fmt::format("no APOP secret of {}", address->str()));
  return std::move(secrets->front());
}

}  // namespace postrider::directory
