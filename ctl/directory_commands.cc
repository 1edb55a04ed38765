// directory_commands.cc - postrider domain, user, alias: who gets mail here.
#include <cstdio>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "common/config/units.h"
#include "ctl/commands.h"
#include "ctl/editing.h"

namespace postrider::ctl {

namespace {

using directory::DirectoryEditor;
using nlohmann::json;

// The longest password, with its line break.
constexpr std::size_t kMaxPassword = 1024;

struct UserOptions {
  std::string address;
  std::string quota = "0B";
  bool password_stdin = false;
};

struct AliasOptions {
  std::string address;
  std::vector<std::string> targets;
};

// The first line of standard input.
Result<Secret> read_password() {
  std::string line(kMaxPassword, '\0');
  if (std::fgets(line.data(), static_cast<int>(line.size()), stdin) == nullptr)
    return fail(ErrorKind::invalid, "no password on standard input");
  line.resize(line.find('\0'));
  if (!line.empty() && line.back() == '\n') line.pop_back();
  if (line.empty()) return fail(ErrorKind::invalid, "the password is empty");
  return Secret(std::move(line));
}

Result<std::uint64_t> parse_quota(const std::string& text) {
  const auto quota = config::parse_size(text);
  if (!quota)
    return fail(ErrorKind::invalid,
                fmt::format("'{}' is not a size, as in 5GiB; 0B is none", text));
  return *quota;
}

void list_domains(Context& context) {
  with_editor(context, [&](DirectoryEditor& editor) {
    const auto domains = editor.domains();
    if (!domains) return context.refuse(domains.error());
    std::string text;
    for (const std::string& name : *domains) text += name + "\n";
    context.answer({{"domains", *domains}}, text);
  });
}

void list_users(Context& context) {
  with_editor(context, [&](DirectoryEditor& editor) {
    const auto users = editor.users();
    if (!users) return context.refuse(users.error());
    json document = json::array();
    std::string text;
    for (const directory::User& user : *users) {
      document.push_back(
          {{"address", user.address}, {"quota", user.quota}, {"can_log_in", user.can_log_in}});
      text += user.address;
      if (user.quota != 0) text += fmt::format("  quota {}", config::format_size(user.quota));
      text += user.can_log_in ? "\n" : "  no password\n";
    }
    context.answer({{"users", document}}, text);
  });
}

void list_aliases(Context& context) {
  with_editor(context, [&](DirectoryEditor& editor) {
    const auto aliases = editor.aliases();
    if (!aliases) return context.refuse(aliases.error());
    json document = json::array();
    std::string text;
    for (const directory::Alias& alias : *aliases) {
      document.push_back({{"address", alias.address}, {"targets", alias.targets}});
      text += fmt::format("{} -> {}\n", alias.address, fmt::join(alias.targets, ", "));
    }
    context.answer({{"aliases", document}}, text);
  });
}

void add_user(Context& context, const UserOptions& options) {
  const auto quota = parse_quota(options.quota);
  if (!quota) return context.refuse(quota.error());
  Result<Secret> password = options.password_stdin ? read_password() : Secret();
  if (!password) return context.refuse(password.error());
  std::string text = fmt::format("added user {}", options.address);
  if (*quota != 0) text += fmt::format(" with a quota of {}", options.quota);
  change(context, text, {{"address", options.address}, {"quota", *quota}},
         [&](DirectoryEditor& editor) -> Result<void> {
           auto added = editor.add_user(options.address, *quota);
           if (!added || !options.password_stdin) return added;
           return editor.set_password(options.address, *password);
         });
}

void set_quota(Context& context, const UserOptions& options) {
  const auto quota = parse_quota(options.quota);
  if (!quota) return context.refuse(quota.error());
  change(context, fmt::format("quota of {} is {}", options.address, options.quota),
         {{"address", options.address}, {"quota", *quota}},
         [&](DirectoryEditor& editor) { return editor.set_quota(options.address, *quota); });
}

void add_domain_group(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("domain", "The domains that get mail here");
  group->require_subcommand(1);
  const auto name = std::make_shared<std::string>();
  CLI::App* add = group->add_subcommand("add", "Take mail for a domain");
  add->add_option("domain", *name)->required();
  add->callback([&context, name] {
    change(context, fmt::format("added domain {}", *name), {{"domain", *name}},
           [&](DirectoryEditor& editor) { return editor.add_domain(*name); });
  });
  CLI::App* remove = group->add_subcommand("remove", "No longer take mail for a domain");
  remove->add_option("domain", *name)->required();
  remove->callback([&context, name] {
    change(context, fmt::format("removed domain {}", *name), {{"domain", *name}},
           [&](DirectoryEditor& editor) { return editor.remove_domain(*name); });
  });
  group->add_subcommand("list", "All domains")->callback([&context] { list_domains(context); });
}

void add_user_group(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("user", "The users, each with a mailbox");
  group->require_subcommand(1);
  const auto options = std::make_shared<UserOptions>();
  const auto subcommand = [&](const char* name, const std::string& text) {
    CLI::App* command = group->add_subcommand(name, text);
    command->add_option("address", options->address, "NAME@DOMAIN")->required();
    return command;
  };
  CLI::App* add = subcommand("add", "Add a user");
  add->add_flag("--password-stdin", options->password_stdin,
                "Read the password from standard input");
  add->add_option("--quota", options->quota, "The mailbox's size limit, as in 5GiB");
  add->callback([&context, options] { add_user(context, *options); });
  subcommand("remove", "Remove a user; the mailbox stays")->callback([&context, options] {
    change(context, fmt::format("removed user {}", options->address),
           {{"address", options->address}},
           [&](DirectoryEditor& editor) { return editor.remove_user(options->address); });
  });
  CLI::App* passwd = subcommand("passwd", "Set a password");
  passwd->add_flag("--password-stdin", options->password_stdin, "Read it from standard input")
      ->required();
  passwd->callback([&context, options] {
    const auto password = read_password();
    if (!password) return context.refuse(password.error());
    change(context, fmt::format("changed the password of {}", options->address),
           {{"address", options->address}}, [&](DirectoryEditor& editor) {
             return editor.set_password(options->address, *password);
           });
  });
  CLI::App* quota = subcommand("quota", "Set the mailbox's size limit");
  quota->add_option("size", options->quota, "As in 5GiB; 0B: none")->required();
  quota->callback([&context, options] { set_quota(context, *options); });
  group->add_subcommand("list", "All users")->callback([&context] { list_users(context); });
  add_app_password_commands(*group, context);
  add_send_right_commands(*group, context);
}

void add_alias_group(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("alias", "Addresses whose mail goes to others");
  group->require_subcommand(1);
  const auto options = std::make_shared<AliasOptions>();
  CLI::App* add = group->add_subcommand("add", "Let an address point to others");
  add->add_option("address", options->address, "NAME@DOMAIN, or @DOMAIN for the rest of a domain")
      ->required();
  add->add_option("targets", options->targets, "Where its mail goes")->required();
  add->callback([&context, options] {
    change(context, fmt::format("{} -> {}", options->address, fmt::join(options->targets, ", ")),
           {{"address", options->address}, {"targets", options->targets}},
           [&](DirectoryEditor& editor) {
             return editor.add_alias(options->address, options->targets);
           });
  });
  CLI::App* remove = group->add_subcommand("remove", "Remove an alias, or some of its targets");
  remove->add_option("address", options->address)->required();
  remove->add_option("targets", options->targets, "These alone");
  remove->callback([&context, options] {
    change(context, fmt::format("removed alias {}", options->address),
           {{"address", options->address}, {"targets", options->targets}},
           [&](DirectoryEditor& editor) {
             return editor.remove_alias(options->address, options->targets);
           });
  });
  group->add_subcommand("list", "All aliases")->callback([&context] { list_aliases(context); });
}

}  // namespace

void add_directory_commands(CLI::App& app, Context& context) {
  add_domain_group(app, context);
  add_user_group(app, context);
  add_alias_group(app, context);
}

}  // namespace postrider::ctl
