// directory_commands.cc - postrider domain, user, alias: who gets mail here; alias itself.
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/routing/router.h"
#include "common/smtp/address.h"
#include "ctl/command.h"
#include "ctl/commands.h"
#include "ctl/editing.h"
#include "ctl/explanation.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using directory::DirectoryEditor;
using nlohmann::json;

struct AliasOptions {
  std::string address;
  std::vector<std::string> targets;
};

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

// What the router would say of mail for it, where that is nothing good: a loop, a way that is too
// long, a target that is nobody.
std::vector<std::string> notes_on(const config::Settings& settings, const std::string& address) {
  const auto alias = smtp::parse_mailbox(address, smtp::Charset::ascii);
  if (!alias) return {};  // the rest of a domain, of which any address is an example
  std::vector<std::string> notes;
  for (const routing::RouteStep& step : explain_route(settings, *alias))
    if (step.rule == routing::kRepeated || step.rule == "alias limit" || step.rule == "directory")
      notes.push_back(fmt::format("{}: {}", step.input, step.output));
  return notes;
}

void add_alias(Context& context, const AliasOptions& options) {
  const auto settings = context.settings();
  if (!settings) return;
  with_editor(context, [&](DirectoryEditor& editor) {
    const auto added = editor.add_alias(options.address, options.targets);
    if (!added) return context.refuse(added.error());
    const auto notes = notes_on(*settings, options.address);
    std::string text = fmt::format("{} -> {}\n", options.address, fmt::join(options.targets, ", "));
    for (const std::string& note : notes) text += fmt::format("note: {}\n", printable(note));
    context.answer({{"address", options.address}, {"targets", options.targets}, {"notes", notes}},
                   text);
  });
}

void add_alias_group(Command app, Context& context) {
  const Command group = app.add_subcommand("alias", "Addresses whose mail goes to others");
  group.require_subcommand();
  const auto options = std::make_shared<AliasOptions>();
  const Command add = group.add_subcommand("add", "Let an address point to others");
  add.add_option("address", options->address, "NAME@DOMAIN, or @DOMAIN for the rest of a domain")
      .required();
  add.add_option("targets", options->targets, "Where its mail goes").required();
  add.callback([&context, options] { add_alias(context, *options); });
  const Command remove = group.add_subcommand("remove", "Remove an alias, or some of its targets");
  remove.add_option("address", options->address).required();
  remove.add_option("targets", options->targets, "These alone");
  remove.callback([&context, options] {
    change(context, fmt::format("removed alias {}", options->address),
           {{"address", options->address}, {"targets", options->targets}},
           [&](DirectoryEditor& editor) {
             return editor.remove_alias(options->address, options->targets);
           });
  });
  group.add_subcommand("list", "All aliases").callback([&context] { list_aliases(context); });
}

}  // namespace

void add_directory_commands(Command app, Context& context) {
  add_domain_commands(app, context);
  add_user_commands(app, context);
  add_directory_file_commands(app, context);
  add_alias_group(app, context);
}

}  // namespace postrider::ctl
