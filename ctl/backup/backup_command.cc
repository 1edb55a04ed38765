// backup_command.cc - postrider backup: the whole instance into a folder, while it runs; and
// whether such a folder is as it was made.
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "common/config/daemon.h"
#include "common/spool/disk.h"
#include "ctl/backup/backup.h"
#include "ctl/backup/backup_commands.h"
#include "ctl/backup/data_copy.h"
#include "ctl/backup/interruption.h"
#include "ctl/backup/mail_copy.h"
#include "ctl/backup/spool_copy.h"
#include "ctl/command.h"
#include "ctl/context.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

namespace fs = std::filesystem;
using backup::Manifest;
using nlohmann::json;

struct BackupOptions {
  std::string directory;
  bool without_mailboxes = false;
  bool check = false;
};

struct Made {
  Manifest manifest;
  backup::MailCounts mail;
};

// Behind the mail, for the processor and for the disk. Should it fail, only others are slower.
void yield_to_mail() {
  constexpr int kNice = 10;
  constexpr int kOfProcess = 1;           // ioprio_set(2): IOPRIO_WHO_PROCESS
  constexpr int kLowest = (2 << 13) | 7;  // the last of those that share (IOPRIO_CLASS_BE)
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, kNice));
  static_cast<void>(::syscall(SYS_ioprio_set, kOfProcess, 0, kLowest));
}

// It would be copied into itself.
Result<void> require_outside(const std::string& directory, const config::Settings& settings) {
  std::error_code ignored;
  const std::string inside = fs::weakly_canonical(fs::absolute(directory), ignored).string() + '/';
  for (const std::string& folder :
       {settings.paths.spool, settings.paths.mail, settings.paths.data, settings.paths.run}) {
    const std::string outside = fs::weakly_canonical(folder, ignored).string() + '/';
    if (inside.starts_with(outside))
      return fail(ErrorKind::invalid,
                  fmt::format("{} is in {}, which is to be copied: name a folder outside",
                              directory, folder));
  }
  return {};
}

std::int64_t now_us() { return SystemClock().now().time_since_epoch().count(); }

Result<Made> make(const std::string& configuration, const config::Settings& settings,
                  const BackupOptions& options, backup::Draft& draft) {
  Made made{.manifest = {.program = std::string(config::version()),
                         .hostname = settings.hostname,
                         .begun_us = now_us(),
                         .mailboxes = !options.without_mailboxes}};
  const auto failed = [](const Result<void>& result) { return pass_on(result.error()); };
  // Users before their mail would be refused as unknown, and mailboxes last: what the queue has
  // finished is in them.
  const spool::Paths spool{settings.paths.spool};
  if (auto done = backup::copy_spool(spool::system_disk(), spool, draft); !done)
    return failed(done);
  if (auto done = backup::copy_data(settings, draft); !done) return failed(done);
  if (auto done = backup::copy_configuration(configuration, settings, draft); !done)
    return failed(done);
  if (!options.without_mailboxes) {
    const auto mail = backup::copy_mail(settings.paths.mail, draft);
    if (!mail) return pass_on(mail.error());
    made.mail = *mail;
  }
  made.manifest.ended_us = now_us();
  auto manifest = draft.finish(made.manifest);
  if (!manifest) return pass_on(std::move(manifest.error()));
  made.manifest = std::move(*manifest);
  return made;
}

std::string list_of(const backup::Remarks& remarks, std::string_view what) {
  std::string text;
  for (const std::string& remark : remarks.told())
    text += fmt::format("{}: {}\n", what, printable(remark));
  if (remarks.count() > remarks.told().size())
    text += fmt::format("and {} more\n", remarks.count() - remarks.told().size());
  return text;
}

void answer(Context& context, const BackupOptions& options, const Made& made,
            backup::Draft& draft) {
  const Manifest& manifest = made.manifest;
  std::string text;
  if (draft.found_leftover())
    text += fmt::format("removed {}.partial, which an earlier backup did not finish\n",
                        printable(options.directory));
  text += list_of(draft.left_out(), "left out");
  text += list_of(draft.problems(), "wrong, and copied as it is");
  text += fmt::format("{}: {} files, {}", printable(options.directory), manifest.files,
                      short_size(manifest.octets));
  text += manifest.mailboxes ? fmt::format("; {} messages in {} mailboxes\n", made.mail.messages,
                                           made.mail.maildirs)
                             : std::string("; without the mailboxes\n");
  context.answer({{"backup", options.directory},
                  {"hostname", manifest.hostname},
                  {"begun", iso_time(manifest.begun_us)},
                  {"ended", iso_time(manifest.ended_us)},
                  {"files", manifest.files},
                  {"folders", manifest.folders},
                  {"octets", manifest.octets},
                  {"with_mailboxes", manifest.mailboxes},
                  {"mailboxes", made.mail.maildirs},
                  {"mailbox_messages", made.mail.messages},
                  {"removed_leftover", draft.found_leftover()},
                  {"left_out", draft.left_out().told()},
                  {"problem_count", draft.problems().count()},
                  {"problems", draft.problems().told()}},
                 text);
  if (draft.problems().count() > 0) context.status = ExitStatus::refused;
}

void run_backup(Context& context, const BackupOptions& options) {
  const auto settings = context.settings();
  if (!settings) return;
  if (auto outside = require_outside(options.directory, *settings); !outside)
    return context.refuse(outside.error());
  ::umask(077);
  yield_to_mail();
  const backup::Interruption interruption;
  backup::Progress progress(!context.json);
  auto draft = backup::Draft::begin(options.directory, progress);
  if (!draft) return context.refuse(draft.error());
  const auto made = make(context.configuration_file(), *settings, options, **draft);
  if (!made)
    return context.refuse(
        Error{made.error().kind, fmt::format("{}; there is no backup", made.error().text)});
  answer(context, options, *made, **draft);
}

void check(Context& context, const BackupOptions& options) {
  yield_to_mail();
  backup::Progress progress(!context.json);
  const auto found = backup::open_backup(options.directory);
  if (!found) return context.refuse(found.error());
  const auto damage = backup::damage_of(*found, progress);
  if (!damage) return context.refuse(damage.error());
  const Manifest& manifest = found->manifest;
  std::string text = list_of(*damage, "damaged");
  text += fmt::format("{}: of {}, made {} by {}: {} files, {}; {}\n", printable(options.directory),
                      printable(manifest.hostname), iso_time(manifest.begun_us),
                      printable(manifest.program), manifest.files, short_size(manifest.octets),
                      damage->count() == 0 ? std::string("nothing is wrong")
                                           : fmt::format("{} damaged", damage->count()));
  context.answer({{"backup", options.directory},
                  {"hostname", manifest.hostname},
                  {"begun", iso_time(manifest.begun_us)},
                  {"ended", iso_time(manifest.ended_us)},
                  {"program", manifest.program},
                  {"files", manifest.files},
                  {"octets", manifest.octets},
                  {"with_mailboxes", manifest.mailboxes},
                  {"damaged_count", damage->count()},
                  {"damaged", damage->told()}},
                 text);
  if (damage->count() > 0) context.status = ExitStatus::refused;
}

}  // namespace

void add_backup_command(Command app, Context& context) {
  const auto options = std::make_shared<BackupOptions>();
  const Command command =
      app.add_subcommand("backup", "Copy the whole instance, which may be running");
  command.add_option("directory", options->directory, "A new folder").required();
  const Option without_mailboxes = command.add_flag(
      "--without-mailboxes", options->without_mailboxes, "Where something else copies these");
  command.add_flag("--check", options->check, "Whether the backup that is there is whole")
      .excludes(without_mailboxes);
  command.callback([&context, options] {
    options->check ? check(context, *options) : run_backup(context, *options);
  });
}

}  // namespace postrider::ctl
