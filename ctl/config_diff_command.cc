// config_diff_command.cc - postrider config diff: what a configuration file says that the defaults,
// or another file, do not.
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/config/load.h"
#include "common/config/parameters.h"
#include "common/config/to_toml.h"
#include "ctl/command.h"
#include "ctl/config_commands.h"
#include "ctl/context.h"

namespace postrider::ctl {

namespace {

void diff(Context& context, const std::string& other_file) {
  const auto settings = context.settings();
  if (!settings) return;
  config::Settings other = config::defaults();
  if (!other_file.empty()) {
    auto loaded = config::load(other_file);
    if (!loaded) return context.refuse(ExitStatus::configuration, loaded.error().text);
    other = std::move(*loaded);
  }
  const std::string against = other_file.empty() ? "default" : other_file;
  nlohmann::json differences = nlohmann::json::object();
  std::string text;
  for (const config::Parameter& parameter : config::parameters()) {
    const std::string value = config::to_toml(parameter, *settings);
    const std::string before = config::to_toml(parameter, other);
    if (value == before) continue;
    differences[std::string(parameter.name)] = {{"value", value}, {"other", before}};
    text += fmt::format("{} = {}  # {}: {}\n", parameter.name, value, against, before);
  }
  context.answer({{"file", context.configuration_file()},
                  {"against", against},
                  {"differences", std::move(differences)}},
                 text);
}

}  // namespace

void add_config_diff_command(Command group, Context& context) {
  const Command command =
      group.add_subcommand("diff", "What the file says that the defaults, or FILE, do not");
  const auto file = std::make_shared<std::string>();
  command.add_option("file", *file, "Another configuration file; none: the defaults");
  command.callback([&context, file] { diff(context, *file); });
}

}  // namespace postrider::ctl
