// account_options.h - how the settings of domains and users are written on the command line, and
// shown.
//
// A setting that is not given stays as it is; "default" takes it away, so that the domain's, or
// what is configured, counts.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/directory/account.h"
#include "common/directory/password_policy.h"
#include "ctl/context.h"

namespace postrider::ctl {

class Command;

struct RuleOptions {
  std::optional<std::string> quota, messages, retention, trash;

  void add_to(Command command);
  // What they make of `rules`; the error (invalid) says how an option is written.
  Result<directory::MailboxRules> apply_to(directory::MailboxRules rules) const;
};

struct UserSettingOptions {
  RuleOptions rules;
  std::optional<std::string> scope, expires;

  void add_to(Command command);
  Result<directory::UserSettings> apply_to(directory::UserSettings settings, WallTime now) const;
};

// "2026-12-31T00:00:00Z", or null for 0.
nlohmann::json json_time(std::int64_t seconds_since_1970);
nlohmann::json to_json(const directory::MailboxRules& rules);
nlohmann::json to_json(const directory::User& user);
// "quota 5GiB, 1000 messages, retention 30 days"; empty where there is nothing to say.
std::string described(const directory::MailboxRules& rules);

// As [passwords] says; nothing after its error was shown.
std::optional<directory::PasswordPolicy> password_policy(Context& context,
                                                         const config::Settings& settings);

}  // namespace postrider::ctl
