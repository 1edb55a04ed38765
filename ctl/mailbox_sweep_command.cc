// mailbox_sweep_command.cc - postrider mailbox sweep: what the sweeper of pop3d does, by hand.
//
// Everything is done under the lock of the mailbox: one that is in use is left alone.
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "common/config/units.h"
#include "common/directory/editor.h"
#include "common/directory/keepings.h"
#include "common/directory/schema.h"
#include "common/maildir/mailboxes.h"
#include "common/maildir/sweep.h"
#include "common/quota/full_marks.h"
#include "ctl/command.h"
#include "ctl/context.h"
#include "ctl/mailbox_commands.h"
#include "ctl/mailbox_rights.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using directory::DirectoryEditor;
using maildir::Swept;
using nlohmann::json;

struct SweepOptions {
  std::string address;
  bool dry_run = false;
};

Result<DirectoryEditor> open_directory(const config::Settings& settings) {
  return DirectoryEditor::open(fmt::format("{}/{}", settings.paths.data, directory::kDatabaseName),
                               sqlite::Access::create, SystemClock().now());
}

std::optional<std::uint32_t> days(const directory::MailboxRules::Number& number) {
  if (!number) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

maildir::SweepRules rules_of(const directory::User& user, const config::Settings& settings) {
  return {
      .retention = directory::kept_for(days(user.in_force.retention), settings.mailbox.retention),
      .trash = directory::kept_for(days(user.in_force.trash), settings.mailbox.trash)};
}

// One sweep of one mailbox or of all.
class Sweep {
 public:
  Sweep(const config::Settings& settings, DirectoryEditor& editor, bool dry_run)
      : settings_(settings), editor_(editor), full_marks_(settings.paths.run), dry_run_(dry_run) {}

  // An error is one of the directory: not_found and invalid where there is no such user; any other
  // ends the whole, as nothing is removed unasked.
  Result<void> visit(const std::string& mailbox, const Result<Fd>& maildir) {
    ++mailboxes_;
    if (!maildir) {
      note_not_read(mailbox, maildir.error());
      return {};
    }
    const auto user = editor_.user(mailbox);
    if (!user) return pass_on(user.error());
    if (*maildir) sweep(mailbox, *maildir, rules_of(*user, settings_));
    return {};
  }
  void note_unknown(const std::string& mailbox) { unknown_.push_back(mailbox); }
  bool met_one_in_use() const { return !in_use_.empty(); }
  bool met_unreadable() const { return !not_read_.empty(); }

  json document() const {
    return {{"dry_run", dry_run_},     {"mailboxes", mailboxes_},   {"removed", total_.removed},
            {"octets", total_.octets}, {"emptied", total_.emptied}, {"swept", swept_},
            {"in_use", in_use_},       {"unknown", unknown_},       {"not_read", not_read_}};
  }
  std::string text() const {
    return text_ + fmt::format(
                       "{} {} messages, {}, and {} of the trash, of {} mailboxes; {} in use, {} "
                       "not read, {} of users unknown\n",
                       verb(), total_.removed, config::format_size(total_.octets), total_.emptied,
                       mailboxes_, in_use_.size(), not_read_.size(), unknown_.size());
  }

 private:
  std::string_view verb() const { return dry_run_ ? "would remove" : "removed"; }

  Result<Swept> sweep_once(const Fd& maildir, const maildir::SweepRules& rules) const {
    const auto rights = MailboxRights::take(maildir.get());
    if (!rights) return pass_on(rights.error());
    const WallTime now = SystemClock().now();
    if (dry_run_) return maildir::would_sweep(maildir, rules, now);
    return maildir::sweep(maildir, rules, now, maildir::remembrance(settings_.queue.lifetime));
  }

  void sweep(const std::string& mailbox, const Fd& maildir, const maildir::SweepRules& rules) {
    Swept all;
    for (bool more = true; more;) {
      const auto swept = sweep_once(maildir, rules);
      if (!swept) return note_not_read(mailbox, swept.error());
      all.add(*swept);
      if (swept->in_use) in_use_.push_back(mailbox);
      more = swept->more;
    }
    note(mailbox, all);
  }

  void note(const std::string& mailbox, const Swept& swept) {
    if (!swept.did_anything()) return;
    if (!dry_run_ && swept.made_room()) full_marks_.clear(mailbox);  // there is room, perhaps
    total_.removed += swept.removed;
    total_.octets += swept.octets;
    total_.emptied += swept.emptied;
    swept_.push_back({{"mailbox", mailbox},
                      {"removed", swept.removed},
                      {"octets", swept.octets},
                      {"emptied", swept.emptied},
                      {"leftovers", swept.leftovers},
                      {"finished", swept.finished},
                      {"restored", swept.restored},
                      {"not_removed", swept.not_removed},
                      {"fault", swept.fault}});
    text_ += fmt::format("{}: {} {} messages, {}", printable(mailbox), verb(), swept.removed,
                         config::format_size(swept.octets));
    if (swept.emptied > 0) text_ += fmt::format("; {} of the trash", swept.emptied);
    if (swept.leftovers > 0) text_ += fmt::format("; {} files of tmp/", swept.leftovers);
    if (swept.finished > 0)
      text_ += fmt::format("; {} that were deleted before a crash", swept.finished);
    if (swept.restored > 0)
      text_ +=
          fmt::format("; {} were brought back since they were deleted, and stay", swept.restored);
    if (swept.not_removed > 0) text_ += fmt::format("; {} could not be", swept.not_removed);
    if (!swept.fault.empty()) text_ += fmt::format(": {}", printable(swept.fault));
    text_ += '\n';
  }

  void note_not_read(const std::string& mailbox, const Error& error) {
    not_read_.push_back({{"mailbox", mailbox}, {"reason", error.text}});
    text_ += fmt::format("{}: not read: {}\n", printable(mailbox), printable(error.text));
  }

  const config::Settings& settings_;
  DirectoryEditor& editor_;
  const quota::FullMarks full_marks_;
  const bool dry_run_;
  std::uint64_t mailboxes_ = 0;
  Swept total_;
  json swept_ = json::array(), not_read_ = json::array();
  std::vector<std::string> in_use_, unknown_;
  std::string text_;
};

Result<void> sweep_all(const config::Settings& settings, Sweep& sweep) {
  auto mailboxes = maildir::Mailboxes::open(settings.paths.mail);
  if (!mailboxes) return pass_on(mailboxes.error());
  while (const auto found = mailboxes->next()) {
    auto visited = sweep.visit(found->name, found->maildir);
    if (visited) continue;
    const ErrorKind kind = visited.error().kind;
    if (kind != ErrorKind::not_found && kind != ErrorKind::invalid) return visited;
    sweep.note_unknown(found->name);
  }
  return {};
}

Result<void> sweep_one(const config::Settings& settings, DirectoryEditor& editor,
                       const std::string& address, Sweep& sweep) {
  const auto user = editor.user(address);
  if (!user) return pass_on(user.error());
  return sweep.visit(user->address, maildir::open_maildir(settings.paths.mail, user->address));
}

void run_sweep(Context& context, const SweepOptions& options) {
  const auto settings = context.settings();
  if (!settings) return;
  auto editor = open_directory(*settings);
  if (!editor) return context.refuse(editor.error());
  Sweep sweep(*settings, *editor, options.dry_run);
  const auto done = options.address.empty() ? sweep_all(*settings, sweep)
                                            : sweep_one(*settings, *editor, options.address, sweep);
  if (!done) return context.refuse(done.error());
  context.answer(sweep.document(), sweep.text());
  const bool one_in_use = !options.address.empty() && sweep.met_one_in_use();
  if (one_in_use || sweep.met_unreadable()) context.status = ExitStatus::try_again;
}

}  // namespace

void add_mailbox_sweep_command(Command mailbox, Context& context) {
  const auto options = std::make_shared<SweepOptions>();
  const Command sweep = mailbox.add_subcommand("sweep", "Remove what time removes, now");
  sweep.add_option("address", options->address, "This mailbox alone");
  sweep.add_flag("--dry-run", options->dry_run, "Tell what would go, and remove nothing");
  sweep.callback([&context, options] { run_sweep(context, *options); });
}

}  // namespace postrider::ctl
