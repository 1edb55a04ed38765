// restore_command.cc - postrider restore: an instance from its backup, on this host or another.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/config/load.h"
#include "ctl/backup/backup.h"
#include "ctl/backup/backup_commands.h"
#include "ctl/backup/interruption.h"
#include "ctl/backup/obstacles.h"
#include "ctl/backup/places.h"
#include "ctl/backup/restoration.h"
#include "ctl/backup/survey.h"
#include "ctl/command.h"
#include "ctl/context.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

namespace fs = std::filesystem;
using backup::Backup;
using backup::Restoration;

// The configuration that says where everything goes: the one that is there, else the backup's.
struct Target {
  std::string path;
  bool is_there = false;
  config::Settings settings;
};

Result<Target> target_of(const Backup& from, const backup::Survey& survey,
                         const std::string& file) {
  std::error_code ignored;
  Target target{.path = fs::absolute(file).lexically_normal().string()};
  target.is_there = fs::exists(target.path, ignored);
  auto settings = [&]() -> Result<config::Settings> {
    if (target.is_there) return config::load(target.path);
    const auto text = backup::configuration_of(from, survey);
    if (!text) return pass_on(text.error());
    return config::parse(*text, target.path);
  }();
  if (!settings) return pass_on(std::move(settings.error()));
  target.settings = std::move(*settings);
  return target;
}

// All that can be known before anything is changed, what takes long last. What is given keeps the
// instance at rest.
Result<std::vector<Fd>> require_all(const Backup& from, const backup::Survey& survey,
                                    const Target& target, const backup::Places& places,
                                    backup::Progress& progress) {
  auto held = backup::require_at_rest(target.settings);
  if (!held) return held;
  auto fine = backup::require_room(from, target.settings, survey, places);
  if (fine) fine = backup::require_owners(survey);
  if (!fine) return pass_on(std::move(fine.error()));
  const auto damage = backup::damage_of(from, progress);
  if (!damage) return pass_on(damage.error());
  if (damage->count() == 0) return held;
  return fail(ErrorKind::corrupt,
              fmt::format("{}: {} files are damaged, the first: {}; see `postrider backup --check "
                          "{}`, and use another backup. Nothing was changed",
                          from.directory, damage->count(), damage->told().front(), from.directory));
}

void answer(Context& context, const Backup& from, const Target& target,
            const Restoration& restoration) {
  std::string text;
  for (const std::string& name : restoration.kept().told())
    text += fmt::format("{}: was there already, and is the same\n", printable(name));
  for (const std::string& name : restoration.left_out().told())
    text += fmt::format("left out: {}\n", printable(name));
  if (target.is_there)
    text += fmt::format("{} is as it was; that of the backup is {}\n", printable(target.path),
                        printable(from.at(backup::kConfigPath)));
  text += fmt::format(
      "restored {} files, {}, of {}, as of {}. What was delivered or sent since then may be "
      "delivered or sent once more.\n",
      restoration.files(), short_size(restoration.octets()), printable(from.manifest.hostname),
      iso_time(from.manifest.begun_us));
  context.answer({{"backup", from.directory},
                  {"configuration", target.path},
                  {"configuration_restored", !target.is_there},
                  {"hostname", from.manifest.hostname},
                  {"begun", iso_time(from.manifest.begun_us)},
                  {"with_mailboxes", from.manifest.mailboxes},
                  {"files", restoration.files()},
                  {"octets", restoration.octets()},
                  {"kept", restoration.kept().told()},
                  {"left_out", restoration.left_out().told()}},
                 text);
}

void restore(Context& context, const std::string& directory) {
  backup::Progress progress(!context.json);
  const auto from = backup::open_backup(directory);
  if (!from) return context.refuse(from.error());
  const auto survey = backup::survey(*from);
  if (!survey) return context.refuse(survey.error());
  const auto target = target_of(*from, *survey, context.configuration_file());
  if (!target && target.error().kind == ErrorKind::corrupt) return context.refuse(target.error());
  if (!target) return context.refuse(ExitStatus::configuration, target.error().text);
  const backup::Places places(target->settings, target->path);
  const backup::Interruption interruption;
  const auto held = require_all(*from, *survey, *target, places, progress);
  if (!held) return context.refuse(held.error());
  Restoration restoration(*from, places, progress);
  auto placed = restoration.place();
  if (placed && !target->is_there) placed = restoration.place_configuration(survey->configuration);
  if (!placed)
    return context.refuse(
        Error{placed.error().kind,
              fmt::format("{}; what was restored is taken away again", placed.error().text)});
  restoration.finish();
  answer(context, *from, *target, restoration);
}

}  // namespace

void add_restore_command(Command app, Context& context) {
  const auto directory = std::make_shared<std::string>();
  const Command command = app.add_subcommand("restore", "Put a backup in place");
  command.add_option("directory", *directory, "As postrider backup made it").required();
  command.callback([&context, directory] { restore(context, *directory); });
}

}  // namespace postrider::ctl
