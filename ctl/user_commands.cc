// user_commands.cc - postrider user: who has a mailbox, and what is set for it.
#include <iostream>
#include <memory>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/auth/login_table.h"
#include "common/config/units.h"
#include "ctl/account_options.h"
#include "ctl/command.h"
#include "ctl/commands.h"
#include "ctl/editing.h"
#include "ctl/mailbox_rooms.h"
#include "ctl/password_line.h"
#include "ctl/terminal.h"
#include "ctl/user_logins.h"

namespace postrider::ctl {

namespace {

using directory::DirectoryEditor;
using directory::UserSettings;
using nlohmann::json;

struct UserOptions {
  std::string address;
  UserSettingOptions settings;
  bool password_stdin = false;
  bool enable = false, disable = false;  // of APOP
};

std::optional<directory::PasswordPolicy> policy_of(Context& context) {
  const auto settings = context.settings();
  if (!settings) return std::nullopt;
  return password_policy(context, *settings);
}

// With a password that the policy refuses no user is added.
void add(Context& context, const UserOptions& options) {
  const auto settings = options.settings.apply_to({}, SystemClock().now());
  if (!settings) return context.refuse(settings.error());
  Result<Secret> password = options.password_stdin ? read_password(std::cin) : Secret();
  if (!password) return context.refuse(password.error());
  const auto policy = policy_of(context);
  if (!policy) return;
  std::string text = fmt::format("added user {}", options.address);
  if (const auto& quota = settings->rules.quota; quota && *quota != 0)
    text += fmt::format(" with a quota of {}", config::format_size(*quota));
  change(context, text,
         {{"address", options.address}, {"quota", settings->rules.quota.value_or(0)}},
         [&](DirectoryEditor& editor) -> Result<void> {
           if (!options.password_stdin) return editor.add_user(options.address, *settings);
           return editor.add_user_with_password(options.address, *settings, *password, *policy);
         });
}

void change_settings(Context& context, const UserOptions& options) {
  change(context, fmt::format("changed user {}", options.address), {{"address", options.address}},
         [&](DirectoryEditor& editor) -> Result<void> {
           Result<void> right;
           auto done = editor.change_user(options.address, [&](UserSettings& settings) {
             const auto applied = options.settings.apply_to(settings, SystemClock().now());
             if (applied) settings = *applied;
             if (!applied) right = fail(applied.error().kind, applied.error().text);
           });
           return right ? std::move(done) : std::move(right);
         });
}

void set_disabled(Context& context, const UserOptions& options, bool disabled) {
  change(context, fmt::format("user {} is {}", options.address, disabled ? "disabled" : "enabled"),
         {{"address", options.address}, {"disabled", disabled}}, [&](DirectoryEditor& editor) {
           return editor.change_user(options.address,
                                     [&](UserSettings& settings) { settings.disabled = disabled; });
         });
}

void set_password(Context& context, const UserOptions& options) {
  const auto password = read_password(std::cin);
  if (!password) return context.refuse(password.error());
  const auto policy = policy_of(context);
  if (!policy) return;
  change(context, fmt::format("changed the password of {}", options.address),
         {{"address", options.address}}, [&](DirectoryEditor& editor) {
           return editor.set_password(options.address, *password, *policy);
         });
}

void set_apop(Context& context, const UserOptions& options) {
  if (options.enable == options.disable)
    return context.refuse(ExitStatus::usage, "write either --enable or --disable");
  if (options.disable)
    return change(context, fmt::format("APOP is off for {}", options.address),
                  {{"address", options.address}, {"apop", false}},
                  [&](DirectoryEditor& editor) { return editor.disable_apop(options.address); });
  with_editor(context, [&](DirectoryEditor& editor) {
    const auto secret = editor.enable_apop(options.address);
    if (!secret) return context.refuse(secret.error());
    context.answer(
        {{"address", options.address}, {"apop", true}, {"secret", secret->reveal()}},
        fmt::format("APOP is on for {} with this secret, which is not shown again:\n{}\n",
                    options.address, secret->reveal()));
  });
}

void remove(Context& context, const UserOptions& options) {
  const auto settings = context.settings();
  if (!settings) return;
  change(context, fmt::format("removed user {}", options.address), {{"address", options.address}},
         [&](DirectoryEditor& editor) -> Result<void> {
           const auto user = editor.user(options.address);
           if (!user) return pass_on(user.error());
           if (auto done = editor.remove_user(options.address); !done) return done;
           if (auto done = forget_logins(settings->paths.data, user->address); !done)
             return fail(
                 done.error().kind,
                 fmt::format("the user is removed, but when it logged in is still known: {}",
                             done.error().text));
           return {};
         });
}

void list_users(Context& context) {
  const auto settings = context.settings();
  if (!settings) return;
  with_editor(context, *settings, [&](DirectoryEditor& editor) {
    const auto users = editor.users();
    if (!users) return context.refuse(users.error());
    const UserLogins logins = UserLogins::read(settings->paths.data);
    const MailboxRooms rooms(*settings);
    json document = json::array();
    std::string text;
    for (const directory::User& user : *users) {
      const quota::Amount limit = limit_of(user);
      const quota::Room* const room = rooms.find(user.address);
      document.push_back(to_json(user));
      document.back()["logins"] = logins.json(user.address);
      document.back()["used"] = to_json(room, limit);
      text += user.address;
      if (limit.octets != 0) text += fmt::format("  quota {}", config::format_size(limit.octets));
      if (limit.messages != 0) text += fmt::format("  {} messages", limit.messages);
      if (room != nullptr) text += fmt::format("  used {}", described(room, limit));
      if (user.settings.disabled) text += "  disabled";
      if (user.domain_disabled) text += "  domain disabled";
      if (user.settings.expires != 0)
        text += fmt::format("  expires {}", json_time(user.settings.expires).get<std::string>());
      text += user.has_password ? "\n" : "  no password\n";
    }
    context.answer({{"users", document}}, text);
  });
}

std::string or_else(std::string text, std::string_view otherwise) {
  return text.empty() ? std::string(otherwise) : text;
}

std::string shown(std::int64_t seconds_since_1970, std::string_view otherwise) {
  const json time = json_time(seconds_since_1970);
  return time.is_null() ? std::string(otherwise) : time.get<std::string>();
}

void show(Context& context, const UserOptions& options) {
  const auto settings = context.settings();
  if (!settings) return;
  with_editor(context, *settings, [&](DirectoryEditor& editor) {
    const auto user = editor.user(options.address);
    if (!user) return context.refuse(user.error());
    const auto apps = editor.app_passwords(options.address);
    if (!apps) return context.refuse(apps.error());
    const auto senders = editor.send_rights(options.address);
    if (!senders) return context.refuse(senders.error());
    const auto aliases = editor.aliases_to(user->address);
    if (!aliases) return context.refuse(aliases.error());
    std::vector<std::string> names;
    for (const auto& app : *apps) names.push_back(app.name);
    const UserLogins logins = UserLogins::read(settings->paths.data);
    const MailboxRooms rooms(*settings);
    const quota::Room* const room = rooms.find(user->address);
    json document = to_json(*user);
    document["logins"] = logins.json(user->address);
    document["used"] = to_json(room, limit_of(*user));
    document["app_passwords"] = names;
    document["send_as"] = *senders;
    document["aliases"] = *aliases;
    const std::string state = user->domain_disabled     ? "its domain is disabled"
                              : user->settings.disabled ? "disabled: mail, but no login"
                                                        : "enabled";
    const auto joined = [](const auto& list) { return fmt::format("{}", fmt::join(list, ", ")); };
    context.answer(
        document,
        table({{"address", user->address},
               {"state", state},
               {"expires", shown(user->settings.expires, "never")},
               {"created", shown(user->created, "not known")},
               {"password", user->has_password
                                ? fmt::format("for {}, set {}", user->settings.scope.str(),
                                              shown(user->password_changed, "nobody knows when"))
                                : "none"},
               {"last login", logins.last_login(user->address)},
               {"failed since then", logins.failures(user->address)},
               {"APOP", user->has_apop ? "on" : "off"},
               {"app passwords", or_else(joined(names), "none")},
               {"own limits", or_else(described(user->settings.rules), "none")},
               {"limits in force", or_else(described(user->in_force), "none")},
               {"used", or_else(described(room, limit_of(*user)), "not counted lately")},
               {"aliases", or_else(joined(*aliases), "none")},
               {"may send as", or_else(joined(*senders), "none beside these")}}));
  });
}

}  // namespace

void add_user_commands(Command app, Context& context) {
  const Command group = app.add_subcommand("user", "The users, each with a mailbox");
  group.require_subcommand();
  const auto options = std::make_shared<UserOptions>();
  const auto subcommand = [&](const char* name, const char* text) {
    const Command command = group.add_subcommand(name, text);
    command.add_option("address", options->address, "NAME@DOMAIN").required();
    return command;
  };
  const Command add_one = subcommand("add", "Add a user");
  add_one.add_flag("--password-stdin", options->password_stdin,
                   "Read the password from standard input");
  options->settings.add_to(add_one);
  add_one.callback([&context, options] { add(context, *options); });
  const Command set_one = subcommand("set", "Change limits, scope and expiry");
  options->settings.add_to(set_one);
  set_one.callback([&context, options] { change_settings(context, *options); });
  subcommand("disable", "No login; mail is taken").callback([&context, options] {
    set_disabled(context, *options, true);
  });
  subcommand("enable", "Logins again").callback([&context, options] {
    set_disabled(context, *options, false);
  });
  subcommand("remove", "Remove a user; the mailbox stays").callback([&context, options] {
    remove(context, *options);
  });
  const Command passwd = subcommand("passwd", "Set a password");
  passwd.add_flag("--password-stdin", options->password_stdin, "Read it from standard input")
      .required();
  passwd.callback([&context, options] { set_password(context, *options); });
  const Command apop =
      subcommand("apop", "A secret for APOP, for programs that know nothing better");
  apop.add_flag("--enable", options->enable, "Make one, and show it this once");
  apop.add_flag("--disable", options->disable, "Take it away");
  apop.callback([&context, options] { set_apop(context, *options); });
  const Command quota = subcommand("quota", "Set the mailbox's size limit");
  quota.add_option("size", options->settings.rules.quota, "As in 5GiB; 0B: none; default")
      .required();
  quota.callback([&context, options] { change_settings(context, *options); });
  subcommand("show", "Everything about a user").callback([&context, options] {
    show(context, *options);
  });
  group.add_subcommand("list", "All users").callback([&context] { list_users(context); });
  add_app_password_commands(group, context);
  add_send_right_commands(group, context);
}

}  // namespace postrider::ctl
