// config_commands.cc - postrider config: what the configuration says, means, and may say.
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/config/edit.h"
#include "common/config/load.h"
#include "common/config/manual.h"
#include "common/config/parameters.h"
#include "common/config/suggest.h"
#include "common/config/to_toml.h"
#include "common/config/versions.h"
#include "ctl/command.h"
#include "ctl/commands.h"
#include "ctl/config_commands.h"
#include "ctl/config_findings.h"
#include "ctl/context.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

void show(Context& context) {
  const auto settings = context.settings();
  if (!settings) return;
  nlohmann::json document = nlohmann::json::object();
  std::string text;
  for (const config::Parameter& parameter : config::parameters()) {
    const std::string value = config::to_toml(parameter, *settings);
    const bool is_default = value == config::default_toml(parameter);
    document[std::string(parameter.name)] = {{"value", value}, {"default", is_default}};
    text += fmt::format("{} = {}{}\n", parameter.name, value, is_default ? "  # default" : "");
  }
  context.answer(document, text);
}

void explain_version(Context& context) {
  constexpr const char* kMeaning =
      "The version of the file. Files of each version are read for ever, as they were meant.";
  context.answer({{"name", config::kVersionKey},
                  {"type", "a whole number"},
                  {"default", "1"},
                  {"range", fmt::format("1..{}", config::kVersion)},
                  {"meaning", kMeaning}},
                 fmt::format("{}\n  {}\n  Write a whole number, 1..{}.\n  Default: 1\n",
                             config::kVersionKey, kMeaning, config::kVersion));
}

void explain(Context& context, const std::string& name) {
  if (name == config::kVersionKey) return explain_version(context);
  const config::Parameter* parameter = config::find_parameter(name);
  if (parameter == nullptr) {
    std::vector<std::string_view> names;
    for (const config::Parameter& known : config::parameters()) names.push_back(known.name);
    return context.refuse(ExitStatus::refused, fmt::format("no parameter {}{}", name,
                                                           config::did_you_mean(name, names)));
  }
  const std::string value = config::default_toml(*parameter);
  context.answer({{"name", parameter->name},
                  {"type", config::describe(parameter->type)},
                  {"default", value},
                  {"range", parameter->range},
                  {"meaning", parameter->meaning}},
                 fmt::format("{}\n  {}\n  Write {}{}{}.\n  Default: {}\n", parameter->name,
                             parameter->meaning, config::describe(parameter->type),
                             parameter->range.empty() ? "" : ", ", parameter->range, value));
}

// All that a start would find, in the order of its finding.
void check(Context& context) {
  const auto settings = context.settings();
  if (!settings) return;
  const std::string file = context.configuration_file();
  const auto text = config::read_file(file);
  nlohmann::json warnings = nlohmann::json::array();
  std::string errors;
  std::string noted;
  for (const ConfigFinding& finding : look_around(*settings)) {
    const unsigned line = text ? config::line_of(*text, finding.parameter) : 0;
    const std::string place = line == 0 ? file : fmt::format("{}:{}", file, line);
    const std::string told =
        fmt::format("{}: {}: {}", place, finding.parameter, printable(finding.text));
    if (finding.is_error) {
      errors += fmt::format("{}{}", errors.empty() ? "" : "\n", told);
    } else {
      noted += fmt::format("{} (a warning)\n", told);
      warnings.push_back({{"parameter", finding.parameter}, {"text", finding.text}});
    }
  }
  if (!errors.empty()) return context.refuse(ExitStatus::configuration, errors);
  context.answer({{"file", file}, {"valid", true}, {"warnings", std::move(warnings)}},
                 fmt::format("{}{}: no errors\n", noted, file));
}

}  // namespace

void add_config_commands(Command app, Context& context) {
  const Command group = app.add_subcommand("config", "What the configuration says and means");
  group.require_subcommand();
  group.add_subcommand("show", "Every parameter with its value").callback([&] { show(context); });
  group
      .add_subcommand("check",
                      "Check the file and what it names, as a start would; exit status 78 if "
                      "something is wrong")
      .callback([&] { check(context); });
  add_config_diff_command(group, context);
  add_config_edit_commands(group, context);
  const Command explained = group.add_subcommand("explain", "What a parameter does and may be");
  const auto name = std::make_shared<std::string>();
  explained.add_option("name", *name, "As in smtpd.workers").required();
  explained.callback([&context, name] { explain(context, *name); });
  group.add_subcommand("example", "A configuration file with every parameter and its default")
      .callback([] { fmt::print("{}", config::example_file()); });
  group.add_subcommand("manual", "The manual page postrider.conf(5), in roff").callback([] {
    fmt::print("{}", config::manual_page());
  });
}

}  // namespace postrider::ctl
