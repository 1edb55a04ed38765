// app_password_commands.cc - postrider user app-password: passwords for one program each.
#include <memory>
#include <vector>

#include "common/base/clock.h"
#include "common/config/units.h"
#include "ctl/command.h"
#include "ctl/commands.h"
#include "ctl/editing.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using directory::AppPassword;
using directory::DirectoryEditor;
using nlohmann::json;
using std::chrono::seconds;

struct AppPasswordOptions {
  std::string address;
  std::string name;
  std::string scope = "smtp,pop3";
  std::string expires;
};

std::string shown_time(std::int64_t seconds_since_1970) {
  return iso_time(std::chrono::microseconds(seconds(seconds_since_1970)).count());
}

json as_json(const AppPassword& password) {
  json scope = json::array();
  if (password.scope.smtp) scope.push_back("smtp");
  if (password.scope.pop3) scope.push_back("pop3");
  return {{"name", password.name},
          {"scope", scope},
          {"created", shown_time(password.created)},
          {"expires", password.expires == 0 ? json() : json(shown_time(password.expires))}};
}

Result<AppPassword> described_by(const AppPasswordOptions& options, WallTime now) {
  const auto scope = directory::parse_scope(options.scope);
  if (!scope) return pass_on(scope.error());
  const auto created = std::chrono::duration_cast<seconds>(now.time_since_epoch()).count();
  AppPassword password{options.name, *scope, created, 0};
  if (options.expires.empty()) return password;
  const auto after = config::parse_duration(options.expires);
  if (!after || *after < seconds(1))
    return fail(ErrorKind::invalid,
                fmt::format("'{}' is not a duration, as in 90d", options.expires));
  password.expires = created + std::chrono::duration_cast<seconds>(*after).count();
  return password;
}

void add(Context& context, const AppPasswordOptions& options) {
  const auto password = described_by(options, SystemClock().now());
  if (!password) return context.refuse(password.error());
  with_editor(context, [&](DirectoryEditor& editor) {
    const auto made = editor.add_app_password(options.address, *password);
    if (!made) return context.refuse(made.error());
    json document = as_json(*password);
    document["address"] = options.address;
    document["password"] = made->reveal();
    context.answer(
        document,
        fmt::format(
            "added app password {} of {} for {}{}; it is not shown again:\n{}\n",
            printable(password->name), options.address, password->scope.str(),
            password->expires == 0 ? "" : fmt::format(" until {}", shown_time(password->expires)),
            made->reveal()));
  });
}

void list(Context& context, const AppPasswordOptions& options) {
  with_editor(context, [&](DirectoryEditor& editor) {
    const auto passwords = editor.app_passwords(options.address);
    if (!passwords) return context.refuse(passwords.error());
    json document = json::array();
    std::vector<std::vector<std::string>> rows{{"NAME", "FOR", "CREATED", "EXPIRES"}};
    for (const AppPassword& password : *passwords) {
      document.push_back(as_json(password));
      rows.push_back({password.name, password.scope.str(), shown_time(password.created),
                      password.expires == 0 ? "never" : shown_time(password.expires)});
    }
    context.answer({{"address", options.address}, {"app_passwords", document}}, table(rows));
  });
}

void remove(Context& context, const AppPasswordOptions& options) {
  change(context,
         fmt::format("removed app password {} of {}", printable(options.name), options.address),
         {{"address", options.address}, {"name", options.name}}, [&](DirectoryEditor& editor) {
           return editor.remove_app_password(options.address, options.name);
         });
}

}  // namespace

void add_app_password_commands(Command user, Context& context) {
  const Command group = user.add_subcommand("app-password", "Passwords for one program each");
  group.require_subcommand();
  const auto options = std::make_shared<AppPasswordOptions>();
  const auto subcommand = [&](const char* name, const char* text) {
    const Command command = group.add_subcommand(name, text);
    command.add_option("address", options->address, "NAME@DOMAIN").required();
    return command;
  };
  const Command add_one = subcommand("add", "Make one, and show it this once");
  add_one.add_option("name", options->name, "What it is for, as in phone").required();
  add_one.add_option("--scope", options->scope, "smtp, pop3, or smtp,pop3 (the default)");
  add_one.add_option("--expires", options->expires, "After how long, as in 90d; never without it");
  add_one.callback([&context, options] { add(context, *options); });
  subcommand("list", "All of a user").callback([&context, options] { list(context, *options); });
  const Command remove_one = subcommand("remove", "Remove one: what uses it is let in no more");
  remove_one.add_option("name", options->name).required();
  remove_one.callback([&context, options] { remove(context, *options); });
}

}  // namespace postrider::ctl
