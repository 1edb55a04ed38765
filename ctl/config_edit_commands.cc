// config_edit_commands.cc - postrider config set, unset: one parameter in the configuration file,
// and no other octet of it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/config/edit.h"
#include "common/config/load.h"
#include "common/config/parameters.h"
#include "common/config/suggest.h"
#include "common/config/to_toml.h"
#include "common/config/versions.h"
#include "ctl/command.h"
#include "ctl/config_commands.h"
#include "ctl/context.h"
#include "ctl/replaced_file.h"

namespace postrider::ctl {

namespace {

constexpr const char* kReload =
    "It is in effect once the daemons, or `postrider run`, have got a SIGHUP; where they listen, "
    "with a restart.";

// Refuses a name that no parameter has.
const config::Parameter* parameter_of(Context& context, const std::string& name) {
  if (name == config::kVersionKey) {
    context.refuse(ExitStatus::refused,
                   "version: it says how the file is written, which no command changes");
    return nullptr;
  }
  const config::Parameter* const parameter = config::find_parameter(name);
  if (parameter != nullptr) return parameter;
  std::vector<std::string_view> names;
  for (const config::Parameter& known : config::parameters()) names.push_back(known.name);
  context.refuse(ExitStatus::refused, fmt::format("no parameter {}{}; nothing was changed", name,
                                                  config::did_you_mean(name, names)));
  return nullptr;
}

// Puts the edited text in the file's place, once it is right as a whole.
void write(Context& context, const config::Parameter& parameter, ReplacedFile& file,
           Result<config::Edit> edit) {
  const std::string& path = file.name();
  if (!edit) {
    const std::string text = fmt::format("{}: {}; nothing was changed", path, edit.error().text);
    return context.refuse(ExitStatus::refused, text);
  }
  const std::string changed = config::applied(file.text(), *edit);
  const auto settings = config::parse(changed, path);
  if (!settings)
    return context.refuse(
        ExitStatus::configuration,
        fmt::format("{}\nnothing was changed: that is what the file would be with it",
                    settings.error().text));
  if (const auto replaced = file.replace(changed); !replaced)
    return context.refuse(replaced.error());
  const std::string value = config::to_toml(parameter, *settings);
  context.answer({{"file", path}, {"name", parameter.name}, {"value", value}},
                 fmt::format("{}: {} = {}\n{}\n", path, parameter.name, value, kReload));
}

void set(Context& context, const std::string& name, const std::string& value) {
  const config::Parameter* const parameter = parameter_of(context, name);
  if (parameter == nullptr) return;
  auto file = ReplacedFile::open(context.configuration_file(), config::kMaxFile);
  if (!file) return context.refuse(file.error());
  write(context, *parameter, *file,
        config::set_value(file->text(), name, config::as_toml(*parameter, value)));
}

void unset(Context& context, const std::string& name) {
  const config::Parameter* const parameter = parameter_of(context, name);
  if (parameter == nullptr) return;
  auto file = ReplacedFile::open(context.configuration_file(), config::kMaxFile);
  if (!file) return context.refuse(file.error());
  write(context, *parameter, *file, config::unset_value(file->text(), name));
}

}  // namespace

void add_config_edit_commands(Command group, Context& context) {
  const auto name = std::make_shared<std::string>();
  const auto value = std::make_shared<std::string>();
  const Command one =
      group.add_subcommand("set", "Set a parameter in the file; all else stays as it is");
  one.add_option("name", *name, "As in smtpd.workers").required();
  one.add_option("value", *value, "As in the file; a word needs no quotes").required();
  one.callback([&context, name, value] { set(context, *name, *value); });
  const Command other =
      group.add_subcommand("unset", "Take a parameter out of the file: it has its default then");
  other.add_option("name", *name, "As in smtpd.workers").required();
  other.callback([&context, name] { unset(context, *name); });
}

}  // namespace postrider::ctl
