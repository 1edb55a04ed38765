#include "ctl/account_options.h"

#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/timestamp.h"
#include "common/config/units.h"
#include "ctl/command.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using directory::MailboxRules;
using directory::UserSettings;
using nlohmann::json;
using std::chrono::duration_cast;
using std::chrono::seconds;
using namespace std::chrono_literals;

constexpr std::string_view kDefault = "default";
constexpr std::string_view kNever = "never";

tl::unexpected<Error> wrong(std::string_view text, std::string_view right) {
  return fail(ErrorKind::invalid, fmt::format("'{}' is not {}", text, right));
}

std::optional<std::uint64_t> parse_days(std::string_view text) {
  const auto span = config::parse_duration(text);
  constexpr std::chrono::hours kDay{24};
  if (!span || span->count() % std::chrono::milliseconds(kDay).count() != 0) return std::nullopt;
  return static_cast<std::uint64_t>(*span / kDay);
}

// From `text`, where it is given.
template <typename Parse>
Result<void> set(MailboxRules::Number& number, const std::optional<std::string>& text, Parse parse,
                 std::string_view right) {
  if (!text) return {};
  number.reset();
  if (*text == kDefault) return {};
  number = parse(*text);
  if (!number) return wrong(*text, right);
  return {};
}

// 0 is never, so that no time is.
Result<std::int64_t> parse_expiry(const std::string& text, WallTime now) {
  if (text == kNever) return 0;
  std::optional<WallTime> time;
  if (const auto after = config::parse_duration(text)) time = now + *after;
  for (const std::string& whole : {text, text + "T00:00:00Z"})
    if (!time) time = parse_timestamp(whole);
  if (time)
    if (const auto since_1970 = duration_cast<seconds>(time->time_since_epoch()); since_1970 > 0s)
      return since_1970.count();
  return wrong(text, "a time, as in 90d, 2027-12-31 or 2027-12-31T12:00:00Z, or never");
}

json as_json(const MailboxRules::Number& number) { return number ? json(*number) : json(); }

}  // namespace

void RuleOptions::add_to(Command command) {
  command.add_option("--quota", quota, "The mailbox's size limit, as in 5GiB; 0B: none; default");
  command.add_option("--messages", messages, "How many messages it holds; 0: no limit; default");
  command.add_option("--retention", retention,
                     "After how long a message goes, as in 365d; 0d: never; default");
  command.add_option(
      "--trash", trash,
      "How long a deleted message stays in the trash, as in 30d; 0d: no trash; default");
}

Result<MailboxRules> RuleOptions::apply_to(MailboxRules rules) const {
  for (auto done :
       {set(rules.quota, quota, config::parse_size, "a size, as in 5GiB; 0B is none"),
        set(rules.quota_messages, messages, config::parse_count, "a whole number, as in 10000"),
        set(rules.retention, retention, parse_days, "a number of days, as in 365d"),
        set(rules.trash, trash, parse_days, "a number of days, as in 30d"), check(rules)})
    if (!done) return pass_on(std::move(done.error()));
  return rules;
}

void UserSettingOptions::add_to(Command command) {
  rules.add_to(command);
  command.add_option("--scope", scope,
                     "What the main password is for: smtp, pop3, or smtp,pop3 (the default)");
  command.add_option("--expires", expires,
                     "From then on no login and no mail: as in 90d or 2027-12-31, or never");
}

Result<UserSettings> UserSettingOptions::apply_to(UserSettings settings, WallTime now) const {
  const auto applied = rules.apply_to(settings.rules);
  if (!applied) return pass_on(applied.error());
  settings.rules = *applied;
  if (scope) {
    const auto parsed = directory::parse_scope(*scope);
    if (!parsed) return pass_on(parsed.error());
    settings.scope = *parsed;
  }
  if (expires) {
    const auto parsed = parse_expiry(*expires, now);
    if (!parsed) return pass_on(parsed.error());
    settings.expires = *parsed;
  }
  return settings;
}

json json_time(std::int64_t seconds_since_1970) {
  if (seconds_since_1970 == 0) return {};
  // What is earlier has passed as long ago, and can be read again (kFirstTime).
  const std::int64_t told = std::max<std::int64_t>(seconds_since_1970, 1);
  return iso_time(std::chrono::microseconds(seconds(told)).count());
}

json to_json(const MailboxRules& rules) {
  return {{"quota", as_json(rules.quota)},
          {"quota_messages", as_json(rules.quota_messages)},
          {"retention_days", as_json(rules.retention)},
          {"trash_days", as_json(rules.trash)}};
}

// "quota" is what is in force, as it always was.
json to_json(const directory::User& user) {
  json scope = json::array();
  if (user.settings.scope.smtp) scope.push_back("smtp");
  if (user.settings.scope.pop3) scope.push_back("pop3");
  return {{"address", user.address},
          {"quota", user.in_force.quota.value_or(0)},
          {"can_log_in", user.has_password},
          {"own", to_json(user.settings.rules)},
          {"in_force", to_json(user.in_force)},
          {"scope", scope},
          {"disabled", user.settings.disabled},
          {"domain_disabled", user.domain_disabled},
          {"expires", json_time(user.settings.expires)},
          {"created", json_time(user.created)},
          {"password_changed", json_time(user.password_changed)},
          {"apop", user.has_apop}};
}

std::string described(const MailboxRules& rules) {
  std::vector<std::string> parts;
  const auto limit = [](std::uint64_t number, std::string text) {
    return number == 0 ? std::string("without limit") : std::move(text);
  };
  if (rules.quota)
    parts.push_back("quota " + limit(*rules.quota, config::format_size(*rules.quota)));
  if (rules.quota_messages)
    parts.push_back("messages " +
                    limit(*rules.quota_messages, fmt::format("{}", *rules.quota_messages)));
  if (rules.retention)
    parts.push_back("retention " + limit(*rules.retention, fmt::format("{}d", *rules.retention)));
  if (rules.trash)
    parts.push_back(*rules.trash == 0 ? "no trash" : fmt::format("trash {}d", *rules.trash));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::optional<directory::PasswordPolicy> password_policy(Context& context,
                                                         const config::Settings& settings) {
  using directory::CommonPasswords;
  directory::PasswordPolicy policy{settings.passwords.min_length, settings.passwords.history,
                                   CommonPasswords::built_in()};
  const std::string& path = settings.passwords.common;
  if (path.empty()) return policy;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  // One octet more than may be, so that a longer list is told of.
  if (file) {
    text.resize(CommonPasswords::kMaxList + 1);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
  }
  auto list = file || file.eof() ? CommonPasswords::parse(text)
                                 : Result<CommonPasswords>(fail(ErrorKind::invalid, "unreadable"));
  if (!list) {
    context.refuse(ExitStatus::configuration,
                   fmt::format("passwords.common: {}: {}; name a file that may be read, or leave "
                               "it out",
                               path, list.error().text));
    return std::nullopt;
  }
  policy.common = std::move(*list);
  return policy;
}

}  // namespace postrider::ctl
