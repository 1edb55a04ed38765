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

#include "common/base/result.h"
#include "common/base/secret.h"
#include "common/directory/address.h"
#include "common/directory/app_password.h"
#include "common/sqlite/sqlite.h"

namespace postrider::directory {

struct User {
  std::string address;
  std::uint64_t quota = 0;  // octets; 0: none
  bool can_log_in = false;
};

struct Alias {
  std::string address;  // "@example.org": the rest of the domain
  std::vector<std::string> targets;
};

struct AppPassword {
  std::string name;
  Scope scope;
  std::int64_t created = 0;  // seconds since 1970
  std::int64_t expires = 0;  // as created; 0: never
};

class DirectoryEditor {
 public:
  // Opens directory.db at `path`; with Access::create makes it where it is missing.
  static Result<DirectoryEditor> open(const std::string& path, sqlite::Access access);

  Result<void> add_domain(std::string_view name);
  // Refused (invalid) while the domain has users or aliases.
  Result<void> remove_domain(std::string_view name);
  Result<std::vector<std::string>> domains();

  // Adds a user who gets mail at once, and can log in once set_password() was called.
  Result<void> add_user(std::string_view address, std::uint64_t quota);
  // The mailbox itself stays where it is.
  Result<void> remove_user(std::string_view address);
  // Refused (invalid) for what has the form of an app password: it would be taken for one.
  Result<void> set_password(std::string_view address, const Secret& password);
  Result<void> set_quota(std::string_view address, std::uint64_t quota);
  Result<std::vector<User>> users();

  // Makes a password and gives it: what is kept does not tell it again.
  Result<Secret> add_app_password(std::string_view address, const AppPassword& added);
  Result<void> remove_app_password(std::string_view address, std::string_view name);
  Result<std::vector<AppPassword>> app_passwords(std::string_view address);

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

 private:
  explicit DirectoryEditor(sqlite::Database database) : database_(std::move(database)) {}

  // Runs one statement and returns how many rows it changed.
  template <typename... Values>
  Result<std::int64_t> change(std::string_view sql, const Values&... values);
  // True if the query has a row.
  template <typename... Values>
  Result<bool> exists(std::string_view sql, const Values&... values);
  Result<void> require_domain(std::string_view name);
  Result<Address> require_user(std::string_view address);

  // What is kept of a password.
  struct Hashes {
    std::string argon2id;
    std::string scram;  // StoredKey and ServerKey
  };
  Result<Hashes> hash(const Address& address, const Secret& password);

  sqlite::Database database_;
};

}  // namespace postrider::directory
