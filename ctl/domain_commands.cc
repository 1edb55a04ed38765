// domain_commands.cc - postrider domain: which domains get mail here, what their users have where
// they have nothing of their own, and which names are aliases of them.
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ctl/account_options.h"
#include "ctl/command.h"
#include "ctl/commands.h"
#include "ctl/editing.h"

namespace postrider::ctl {

namespace {

using directory::DirectoryEditor;
using directory::DomainSettings;
using nlohmann::json;

struct DomainOptions {
  std::string name;
  std::string target;
  RuleOptions rules;
};

void add(Context& context, const DomainOptions& options) {
  const auto rules = options.rules.apply_to({});
  if (!rules) return context.refuse(rules.error());
  change(context, fmt::format("added domain {}", options.name), {{"domain", options.name}},
         [&](DirectoryEditor& editor) { return editor.add_domain(options.name, {*rules}); });
}

void set(Context& context, const DomainOptions& options) {
  change(context, fmt::format("changed domain {}", options.name), {{"domain", options.name}},
         [&](DirectoryEditor& editor) -> Result<void> {
           Result<void> right;
           auto done = editor.change_domain(options.name, [&](DomainSettings& settings) {
             const auto rules = options.rules.apply_to(settings.rules);
             if (rules) settings.rules = *rules;
             if (!rules) right = fail(rules.error().kind, rules.error().text);
           });
           return right ? std::move(done) : std::move(right);
         });
}

void set_disabled(Context& context, const DomainOptions& options, bool disabled) {
  change(context, fmt::format("domain {} is {}", options.name, disabled ? "disabled" : "enabled"),
         {{"domain", options.name}, {"disabled", disabled}}, [&](DirectoryEditor& editor) {
           return editor.change_domain(
               options.name, [&](DomainSettings& settings) { settings.disabled = disabled; });
         });
}

void list_domains(Context& context) {
  with_editor(context, [&](DirectoryEditor& editor) {
    const auto domains = editor.domains();
    if (!domains) return context.refuse(domains.error());
    json names = json::array();
    json details = json::array();
    std::string text;
    for (const auto& [name, settings] : *domains) {
      names.push_back(name);
      details.push_back({{"domain", name},
                         {"disabled", settings.disabled},
                         {"defaults", to_json(settings.rules)}});
      const std::string rules = described(settings.rules);
      text += name;
      if (settings.disabled) text += "  disabled";
      if (!rules.empty()) text += "  " + rules;
      text += '\n';
    }
    context.answer({{"domains", names}, {"details", details}}, text);
  });
}

void list_domain_aliases(Context& context) {
  with_editor(context, [&](DirectoryEditor& editor) {
    const auto aliases = editor.domain_aliases();
    if (!aliases) return context.refuse(aliases.error());
    json document = json::array();
    std::string text;
    for (const auto& [name, target] : *aliases) {
      document.push_back({{"domain", name}, {"target", target}});
      text += fmt::format("{} -> {}\n", name, target);
    }
    context.answer({{"domain_aliases", document}}, text);
  });
}

void add_alias_group(Command domain, Context& context,
                     const std::shared_ptr<DomainOptions>& options) {
  const Command group = domain.add_subcommand("alias", "Names by which a domain is known as well");
  group.require_subcommand();
  const Command add_one = group.add_subcommand("add", "Let a domain stand for another");
  add_one.add_option("domain", options->name).required();
  add_one.add_option("target", options->target, "A domain of ours, with its users").required();
  add_one.callback([&context, options] {
    change(context, fmt::format("{} -> {}", options->name, options->target),
           {{"domain", options->name}, {"target", options->target}}, [&](DirectoryEditor& editor) {
             return editor.add_domain_alias(options->name, options->target);
           });
  });
  const Command remove = group.add_subcommand("remove", "No longer");
  remove.add_option("domain", options->name).required();
  remove.callback([&context, options] {
    change(context, fmt::format("removed domain alias {}", options->name),
           {{"domain", options->name}},
           [&](DirectoryEditor& editor) { return editor.remove_domain_alias(options->name); });
  });
  group.add_subcommand("list", "All of them").callback([&context] {
    list_domain_aliases(context);
  });
}

}  // namespace

void add_domain_commands(Command app, Context& context) {
  const Command group = app.add_subcommand("domain", "The domains that get mail here");
  group.require_subcommand();
  const auto options = std::make_shared<DomainOptions>();
  const auto subcommand = [&](const char* name, const char* text) {
    const Command command = group.add_subcommand(name, text);
    command.add_option("domain", options->name).required();
    return command;
  };
  const Command add_one = subcommand("add", "Take mail for a domain");
  options->rules.add_to(add_one);
  add_one.callback([&context, options] { add(context, *options); });
  const Command set_one = subcommand("set", "Change what users have who have nothing of their own");
  options->rules.add_to(set_one);
  set_one.callback([&context, options] { set(context, *options); });
  subcommand("disable", "Refuse mail for it, and logins").callback([&context, options] {
    set_disabled(context, *options, true);
  });
  subcommand("enable", "Take both again").callback([&context, options] {
    set_disabled(context, *options, false);
  });
  subcommand("remove", "No longer take mail for a domain").callback([&context, options] {
    change(context, fmt::format("removed domain {}", options->name), {{"domain", options->name}},
           [&](DirectoryEditor& editor) { return editor.remove_domain(options->name); });
  });
  group.add_subcommand("list", "All domains").callback([&context] { list_domains(context); });
  add_alias_group(group, context, options);
}

}  // namespace postrider::ctl
