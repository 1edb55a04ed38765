// config_commands.cc - postrider config: what the configuration says, means, and may say.
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "common/config/load.h"
#include "common/config/manual.h"
#include "common/config/parameters.h"
#include "common/config/suggest.h"
#include "common/config/to_toml.h"
#include "ctl/commands.h"
#include "ctl/context.h"

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

void explain(Context& context, const std::string& name) {
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

void test(Context& context) {
  if (!context.settings()) return;
  const std::string file = context.configuration_file();
  context.answer({{"file", file}, {"valid", true}}, fmt::format("{}: no errors\n", file));
}

}  // namespace

void add_config_commands(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("config", "What the configuration says and means");
  group->require_subcommand(1);
  group->add_subcommand("show", "Every parameter with its value")->callback([&] { show(context); });
  group->add_subcommand("test", "Check the file; exit status 78 if it has errors")->callback([&] {
    test(context);
  });
  CLI::App* explained = group->add_subcommand("explain", "What a parameter does and may be");
  const auto name = std::make_shared<std::string>();
  explained->add_option("name", *name, "As in smtpd.workers")->required();
  explained->callback([&context, name] { explain(context, *name); });
  group->add_subcommand("example", "A configuration file with every parameter and its default")
      ->callback([] { fmt::print("{}", config::example_file()); });
  group->add_subcommand("manual", "The manual page postrider.conf(5), in roff")->callback([] {
    fmt::print("{}", config::manual_page());
  });
}

}  // namespace postrider::ctl
