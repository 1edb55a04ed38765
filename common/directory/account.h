// account.h - what an administrator may say of a domain and of a user.
//
// What a user has none of comes from the domain; what the domain has none of either is as
// configured, and without a limit where nothing can be configured.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/directory/app_password.h"

namespace postrider::directory {

// The largest quota: octets and messages are counted with a sign on disk.
inline constexpr std::uint64_t kMaxQuota = std::uint64_t{1} << 62U;
// A hundred years, which is as good as for ever.
inline constexpr std::uint64_t kMaxDays = 36'500;

struct MailboxRules {
  using Number = std::optional<std::uint64_t>;
  Number quota;           // octets; 0: no limit
  Number quota_messages;  // 0: no limit
  Number retention;       // days after which a message goes; 0: never
  Number trash;           // days for which a deleted message stays in the trash; 0: there is none
  bool operator==(const MailboxRules&) const = default;
};
// The error (invalid) names the number that is beyond its limit.
Result<void> check(const MailboxRules& rules);

struct DomainSettings {
  MailboxRules rules;     // of its users
  bool disabled = false;  // it takes no mail, and nobody logs in
  bool operator==(const DomainSettings&) const = default;
};
struct Domain {
  std::string name;
  DomainSettings settings;
};
// Mail for an address of `name`, and logins as one, are as those of `target`.
struct DomainAlias {
  std::string name;
  std::string target;
};

struct UserSettings {
  MailboxRules rules;                          // the user's own
  Scope scope = {.smtp = true, .pop3 = true};  // of the main password
  bool disabled = false;                       // no login; mail is taken
  std::int64_t expires = 0;                    // then neither; seconds since 1970, 0: never
  bool operator==(const UserSettings&) const = default;
};
struct User {
  std::string address;
  UserSettings settings;
  MailboxRules in_force;              // the domain's where the user has none
  std::int64_t created = 0;           // seconds since 1970; 0: not known
  std::int64_t password_changed = 0;  // as created
  bool has_password = false;
  bool has_apop = false;
  bool domain_disabled = false;
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

}  // namespace postrider::directory
