// entries.h - the directory as values, as it is written to a file and read from one: what an import
// takes over, and what an export gives.
//
// Each entry knows its place in the file, for those who have to mend it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/secret.h"
#include "common/directory/account.h"
#include "common/directory/password_policy.h"

namespace postrider::directory {

// What a file says of the settings: nothing of what it has no word for, which stays as it is. A
// number that is there and empty takes away the one that was.
struct RuleEntry {
  std::optional<MailboxRules::Number> quota, quota_messages, retention, trash;

  static RuleEntry of(const MailboxRules& rules) {
    return {rules.quota, rules.quota_messages, rules.retention, rules.trash};
  }
  MailboxRules applied_to(const MailboxRules& rules) const {
    return {quota.value_or(rules.quota), quota_messages.value_or(rules.quota_messages),
            retention.value_or(rules.retention), trash.value_or(rules.trash)};
  }
};
struct DomainSettingsEntry {
  RuleEntry rules;
  std::optional<bool> disabled;

  static DomainSettingsEntry of(const DomainSettings& settings) {
    return {RuleEntry::of(settings.rules), settings.disabled};
  }
  DomainSettings applied_to(const DomainSettings& settings) const {
    return {rules.applied_to(settings.rules), disabled.value_or(settings.disabled)};
  }
};
struct UserSettingsEntry {
  RuleEntry rules;
  std::optional<Scope> scope;
  std::optional<bool> disabled;
  std::optional<std::int64_t> expires;

  static UserSettingsEntry of(const UserSettings& settings) {
    return {RuleEntry::of(settings.rules), settings.scope, settings.disabled, settings.expires};
  }
  UserSettings applied_to(const UserSettings& settings) const {
    return {rules.applied_to(settings.rules), scope.value_or(settings.scope),
            disabled.value_or(settings.disabled), expires.value_or(settings.expires)};
  }
};

struct DomainEntry {
  std::string place;
  std::string name;
  DomainSettingsEntry settings;
};
struct DomainAliasEntry {
  std::string place;
  DomainAlias alias;
};
struct AliasEntry {
  std::string place;
  Alias alias;
};

// What is kept of a password.
struct KeptPassword {
  std::string hash;   // argon2id; empty: none
  std::string scram;  // StoredKey and ServerKey, 64 octets; empty: none
};
struct AppPasswordEntry {
  AppPassword described;
  std::string selector;
  KeptPassword kept;
};
struct UserEntry {
  std::string place;
  std::string address;
  UserSettingsEntry settings;
  std::int64_t created = 0;           // as of User; 0: when it is taken over
  std::int64_t password_changed = 0;  // the same
  KeptPassword kept;
  std::optional<Secret> password;  // as it is, in the place of `kept`
  // Nothing: what is there stays.
  std::optional<std::vector<std::string>> send_as;
  std::optional<std::vector<AppPasswordEntry>> app_passwords;
};

// What the SCRAM keys of all passwords were derived with.
struct ScramOrigin {
  std::string salt_key;  // 32 octets
  std::uint64_t iterations = 0;
  bool operator==(const ScramOrigin&) const = default;
};

struct Entries {
  std::optional<ScramOrigin> scram;
  std::vector<DomainEntry> domains;
  std::vector<DomainAliasEntry> domain_aliases;
  std::vector<UserEntry> users;
  std::vector<AliasEntry> aliases;
};

// What is wrong at a place, and how it would be right.
struct Fault {
  std::string place;  // "line 7", "users[3]"
  std::string field;  // "quota"; empty: the whole entry
  std::string text;
};
// No more are told.
inline constexpr std::size_t kMaxFaults = 100;

struct ImportOptions {
  PasswordPolicy policy;  // for passwords that are given as they are
  bool dry_run = false;   // all is looked at, and nothing changed
};
struct ImportOutcome {
  std::vector<Fault> faults;  // none: it was done
};

}  // namespace postrider::directory
