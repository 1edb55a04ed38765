// mailbox_trash_commands.cc - postrider mailbox trash and undelete: what was deleted, and bringing
// it back.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "common/config/units.h"
#include "common/maildir/heading.h"
#include "common/maildir/mailboxes.h"
#include "common/maildir/trash.h"
#include "common/maildir/unseen.h"
#include "ctl/command.h"
#include "ctl/context.h"
#include "ctl/mailbox_commands.h"
#include "ctl/mailbox_name.h"
#include "ctl/mailbox_rights.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using maildir::Mailbox;
using maildir::Trashed;
using nlohmann::json;

// Of the trash so many are shown, those that were deleted last.
constexpr std::size_t kShownDeleted = 10'000;

struct TrashOptions {
  std::string address;
  bool all = false;
  std::string since;
  std::vector<std::string> ids;
};

std::string time_of(const Trashed& trashed) {
  return iso_time(std::chrono::microseconds(std::chrono::seconds(trashed.seconds)).count());
}

// The Maildir, as its owner, and what is in its trash.
struct Opened {
  std::string mailbox;
  Fd maildir;
  MailboxRights rights;
  std::vector<Trashed> trash;
};

Result<Opened> open(const config::Settings& settings, const std::string& mailbox) {
  auto maildir = maildir::open_maildir(settings.paths.mail, mailbox);
  if (!maildir) return pass_on(std::move(maildir.error()));
  if (!*maildir)
    return fail(ErrorKind::not_found,
                fmt::format("{}: has no mail yet, and so no trash", printable(mailbox)));
  auto rights = MailboxRights::take(maildir->get());
  if (!rights) return pass_on(std::move(rights.error()));
  auto trash = maildir::trashed(maildir->get());
  if (!trash) return fail(trash.error().kind, fmt::format("{}: {}", mailbox, trash.error().text));
  return Opened{mailbox, std::move(*maildir), std::move(*rights), std::move(*trash)};
}

// ---- mailbox trash ----

void show(Context& context, const TrashOptions& options) {
  const auto settings = context.settings();
  if (!settings) return;
  const auto mailbox = mailbox_named(context, *settings, options.address);
  if (!mailbox) return;
  const auto opened = open(*settings, *mailbox);
  if (!opened) return context.refuse(opened.error());
  const std::size_t first = opened->trash.size() - std::min(opened->trash.size(), kShownDeleted);
  json messages = json::array();
  std::vector<std::vector<std::string>> rows{
      {"number", "deleted", "size", "unique-id", "from", "subject"}};
  for (std::size_t i = first; i < opened->trash.size(); ++i) {
    const Trashed& trashed = opened->trash[i];
    const auto heading = maildir::read_heading(
        opened->maildir.get(), fmt::format("{}/{}", maildir::kTrashFolder, trashed.name));
    const maildir::Heading shown = heading ? *heading : maildir::Heading{};
    messages.push_back({{"number", i + 1},
                        {"deleted", time_of(trashed)},
                        {"octets", trashed.octets},
                        {"unique_id", trashed.unique_id},
                        {"from", shown.from},
                        {"subject", shown.subject},
                        {"date", shown.date}});
    rows.push_back({fmt::format("{}", i + 1), time_of(trashed), short_size(trashed.octets),
                    trashed.unique_id, shown.from, shown.subject});
  }
  std::string text = rows.size() > 1 ? table(rows) : std::string();
  if (first > 0) text += fmt::format("and {} that were deleted before\n", first);
  if (rows.size() == 1) text = fmt::format("{}: nothing in the trash\n", printable(*mailbox));
  context.answer({{"mailbox", *mailbox}, {"count", opened->trash.size()}, {"messages", messages}},
                 text);
}

// ---- mailbox undelete ----

struct Chosen {
  std::vector<std::string> names;    // in the trash
  std::vector<std::string> unknown;  // unique-ids that nothing there has
};

Chosen choose(const std::vector<Trashed>& trash, const TrashOptions& options,
              std::optional<std::chrono::milliseconds> since, WallTime now) {
  Chosen chosen;
  std::unordered_set<std::string> wanted(options.ids.begin(), options.ids.end());
  std::unordered_set<std::string> found;
  const WallTime from = now - since.value_or(std::chrono::milliseconds(0));
  // Of one message that is there twice, what was deleted last comes first.
  for (auto one = trash.rbegin(); one != trash.rend(); ++one) {
    const bool recent = since && WallTime(std::chrono::seconds(one->seconds)) >= from;
    if (!options.all && !recent && wanted.count(one->unique_id) == 0) continue;
    chosen.names.push_back(one->name);
    found.insert(one->unique_id);
  }
  for (const std::string& id : options.ids)
    if (found.count(id) == 0) chosen.unknown.push_back(id);
  return chosen;
}

std::string id_of(const std::string& name) {
  const auto parsed = maildir::TrashName::parse(name);
  return parsed ? maildir::unique_id(maildir::FileName::parse(parsed->file_name)) : name;
}

std::vector<std::string> ids_of(const std::vector<std::string>& names) {
  std::vector<std::string> ids;
  for (const std::string& name : names) ids.push_back(id_of(name));
  return ids;
}

void answer(Context& context, const std::string& mailbox, const Mailbox::Undeleted& undeleted,
            const Chosen& chosen) {
  std::string text =
      fmt::format("{}: {} messages are back", printable(mailbox), undeleted.names.size());
  if (!undeleted.already.empty())
    text += fmt::format(", {} were there already", undeleted.already.size());
  text += '\n';
  std::vector<std::string> problems = undeleted.faults;
  for (const std::string& id : chosen.unknown)
    problems.push_back(
        fmt::format("{}: nothing in the trash has this unique-id; see `postrider "
                    "mailbox trash {}`",
                    id, mailbox));
  for (const std::string& problem : problems) text += printable(problem) + '\n';
  if (!problems.empty()) context.status = ExitStatus::refused;
  context.answer({{"mailbox", mailbox},
                  {"undeleted", ids_of(undeleted.names)},
                  {"already", ids_of(undeleted.already)},
                  {"problems", problems}},
                 text);
}

void undelete(Context& context, const TrashOptions& options) {
  const auto settings = context.settings();
  if (!settings) return;
  const auto since = config::parse_duration(options.since);
  const int ways = int{options.all} + int{!options.since.empty()} + int{!options.ids.empty()};
  if (ways != 1 || (!options.since.empty() && !since))
    return context.refuse(ExitStatus::usage,
                          "say which messages come back: their unique-ids, --all, or --since with "
                          "a duration, as in 2h");
  const auto mailbox = mailbox_named(context, *settings, options.address);
  if (!mailbox) return;
  const auto opened = open(*settings, *mailbox);
  if (!opened) return context.refuse(opened.error());
  const WallTime now = SystemClock().now();
  // What an interrupted session has deleted goes into the trash too.
  maildir::Remembrance remembrance = maildir::remembrance(settings->queue.lifetime);
  remembrance.trash = true;
  const auto held = maildir::open_unseen(opened->maildir, now, remembrance);
  if (!held)
    return context.refuse(
        Error{held.error().kind, fmt::format("{}: {}", *mailbox, held.error().text)});
  if (!*held)
    return context.refuse(ExitStatus::try_again,
                          fmt::format("{}: is in use by a POP3 session or another command; try "
                                      "again when that has ended",
                                      printable(*mailbox)));
  const auto trash = maildir::trashed(opened->maildir.get());
  if (!trash) return context.refuse(trash.error());
  const Chosen chosen = choose(*trash, options, options.since.empty() ? std::nullopt : since, now);
  const auto undeleted = (*held)->undelete(chosen.names);
  if (!undeleted)
    return context.refuse(Error{undeleted.error().kind,
                                fmt::format("{}: {}; nothing is lost, and the same command goes on",
                                            *mailbox, undeleted.error().text)});
  answer(context, *mailbox, *undeleted, chosen);
}

}  // namespace

void add_mailbox_trash_commands(Command mailbox, Context& context) {
  const auto options = std::make_shared<TrashOptions>();
  const Command trash = mailbox.add_subcommand("trash", "What was deleted and may come back");
  trash.add_option("address", options->address, "NAME@DOMAIN").required();
  trash.callback([&context, options] { show(context, *options); });
  const Command back = mailbox.add_subcommand("undelete", "Bring back what was deleted");
  back.add_option("address", options->address, "NAME@DOMAIN").required();
  back.add_option("unique-id", options->ids, "As `postrider mailbox trash` tells them");
  back.add_flag("--all", options->all, "All that is in the trash");
  back.add_option("--since", options->since, "What was deleted so long ago or less, as in 2h");
  back.callback([&context, options] { undelete(context, *options); });
}

}  // namespace postrider::ctl
