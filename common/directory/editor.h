// editor.h - what an administrator does to the directory: domains, users, passwords, aliases.
//
// Synchronous, for the command. Each change is one transaction, durable when the function returns.
// Errors: invalid for an address that cannot be and for what contradicts what is there, not_found
// for what is not there; the text is for the administrator.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/base/secret.h"
#include "common/base/unique_function.h"
#include "common/directory/account.h"
#include "common/directory/address.h"
#include "common/directory/entries.h"
#include "common/directory/password_policy.h"
#include "common/sqlite/sqlite.h"

namespace postrider::directory {

class DirectoryEditor {
 public:
  // Opens directory.db at `path`; with Access::create makes it where it is missing, with
  // Access::read waits for no writer and changes nothing. `now` is the time of what is done, as it
  // is kept; 1970: it is not known.
  static Result<DirectoryEditor> open(const std::string& path, sqlite::Access access,
                                      WallTime now = {});

  Result<void> add_domain(std::string_view name, const DomainSettings& settings = {});
  Result<void> change_domain(std::string_view name, UniqueFunction<void(DomainSettings&)> change);
  // Refused (invalid) while the domain has users, aliases, or other domains as aliases.
  Result<void> remove_domain(std::string_view name);
  Result<std::vector<Domain>> domains();
  // Refused (invalid) where `target` is an alias itself: so none leads to another, nor to itself.
  Result<void> add_domain_alias(std::string_view name, std::string_view target);
  Result<void> remove_domain_alias(std::string_view name);
  Result<std::vector<DomainAlias>> domain_aliases();

  // Adds a user who gets mail at once, and can log in once set_password() was called.
  Result<void> add_user(std::string_view address, const UserSettings& settings = {});
  // Both, or neither: see set_password().
  Result<void> add_user_with_password(std::string_view address, const UserSettings& settings,
                                      const Secret& password, const PasswordPolicy& policy);
  Result<void> change_user(std::string_view address, UniqueFunction<void(UserSettings&)> change);
  // The mailbox itself stays where it is.
  Result<void> remove_user(std::string_view address);
  Result<User> user(std::string_view address);
  Result<std::vector<User>> users();

  // Refused (invalid) for what the policy refuses, and for what has the form of an app password: it
  // would be taken for one.
  Result<void> set_password(std::string_view address, const Secret& password,
                            const PasswordPolicy& policy = {});
  // Makes a password and gives it: what is kept does not tell it again.
  Result<Secret> add_app_password(std::string_view address, const AppPassword& added);
  Result<void> remove_app_password(std::string_view address, std::string_view name);
  Result<std::vector<AppPassword>> app_passwords(std::string_view address);
  // Makes a secret for APOP in the place of any earlier one. It is kept as it is.
  Result<Secret> enable_apop(std::string_view address);
  Result<void> disable_apop(std::string_view address);
  // not_found: the user has none.
  Result<Secret> apop_secret(std::string_view address);

  // Lets the user send as `sender` too, an address or all of a domain ("@example.org"), here or
  // elsewhere. A right that is there already is no error.
  Result<void> add_send_right(std::string_view address, std::string_view sender);
  Result<void> remove_send_right(std::string_view address, std::string_view sender);
  Result<std::vector<std::string>> send_rights(std::string_view address);

  // Adds targets to the alias, which need not exist yet. Targets it has already are no error.
  // Refused where a user has the address: the alias would hide the mailbox.
  Result<void> add_alias(std::string_view address, std::span<const std::string> targets);
  // Removes the alias, or, where `targets` are given, those targets alone.
  Result<void> remove_alias(std::string_view address, std::span<const std::string> targets = {});
  Result<std::vector<Alias>> aliases();
  // The aliases that name the address, whatever its case, as one of their targets.
  Result<std::vector<std::string>> aliases_to(std::string_view address);

  // All there is, in the order of their names. No secret of APOP, which would be one.
  Result<Entries> entries();
  // Takes over all entries or, where there is any fault, none: see import.h.
  Result<ImportOutcome> take_over(const Entries& entries, const ImportOptions& options);

 private:
  friend class Import;
  explicit DirectoryEditor(sqlite::Database database, WallTime now)
      : database_(std::move(database)), now_(now) {}

  // Runs one statement and returns how many rows it changed.
  template <typename... Values>
  Result<std::int64_t> change(std::string_view sql, const Values&... values);
  // True if the query has a row.
  template <typename... Values>
  Result<bool> exists(std::string_view sql, const Values&... values);
  // What `read(row)` makes of each row.
  template <typename Read, typename... Values>
  auto rows(std::string_view sql, Read read, const Values&... values)
      -> Result<std::vector<std::invoke_result_t<Read, const sqlite::Statement&>>>;

  Result<void> require_domain(std::string_view name);
  Result<Address> require_user(std::string_view address);
  Result<void> write(std::string_view domain, const DomainSettings& settings);
  Result<void> write(const Address& user, const UserSettings& settings);
  std::int64_t now() const noexcept;  // seconds since 1970

  // What is kept of a password.
  struct Hashes {
    std::string argon2id;
    std::string scram;  // StoredKey and ServerKey
  };
  Result<Hashes> hash(const Address& address, const Secret& password);
  Result<void> check_history(const Address& address, const Secret& password, std::size_t history);
  Result<void> add_users(Entries& entries);
  Result<void> keep_earlier(const Address& address, std::size_t history);

  sqlite::Database database_;
  WallTime now_;
};

}  // namespace postrider::directory
