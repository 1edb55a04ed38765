// mailbox_list_command.cc - postrider mailbox list: what is in the mailboxes, and in one of them.
//
// Looks from outside, without the lock: what a session does meanwhile may be seen in part.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/ascii.h"
#include "common/base/boot_id.h"
#include "common/base/clock.h"
#include "common/directory/editor.h"
#include "common/directory/schema.h"
#include "common/maildir/deletion_journal.h"
#include "common/maildir/heading.h"
#include "common/maildir/look.h"
#include "common/maildir/mailboxes.h"
#include "common/maildir/trash.h"
#include "ctl/command.h"
#include "ctl/context.h"
#include "ctl/mailbox_commands.h"
#include "ctl/mailbox_name.h"
#include "ctl/mailbox_rights.h"
#include "ctl/terminal.h"

namespace postrider::ctl {

namespace {

using maildir::Folder;
using maildir::Listing;
using maildir::Look;
using nlohmann::json;

// Of one mailbox so many messages are shown, the newest.
constexpr std::size_t kShownMessages = 10'000;

struct MailboxListOptions {
  std::string address;
  std::string domain;
};

std::string time_of(std::int64_t seconds) {
  return iso_time(std::chrono::microseconds(std::chrono::seconds(seconds)).count());
}

Result<Look> look_at(const Fd& maildir) {
  const auto rights = MailboxRights::take(maildir.get());
  if (!rights) return pass_on(rights.error());
  return maildir::look(maildir.get(), boot_id());
}

// ---- All mailboxes ----

struct Summary {
  std::string mailbox;
  std::uint64_t messages = 0, fresh = 0, octets = 0, not_served = 0, trash = 0;
  std::int64_t oldest = 0, newest = 0;
  std::optional<std::uint64_t> quota;  // octets; nothing: not known
};

Summary summary_of(const std::string& mailbox, const Look& look) {
  Summary summary{.mailbox = mailbox,
                  .messages = look.listing.size(),
                  .octets = look.disk_octets,
                  .not_served = look.not_served + look.nameless};
  for (std::size_t i = 0; i < look.listing.size(); ++i)
    if (look.listing.folder(i) == Folder::in_new) ++summary.fresh;
  if (look.listing.size() > 0) {
    summary.oldest = look.listing.seconds(0);
    summary.newest = look.listing.seconds(look.listing.size() - 1);
  }
  return summary;
}

// Of each user; none of those where the directory cannot be read.
std::map<std::string, std::uint64_t> quotas(const config::Settings& settings) {
  std::map<std::string, std::uint64_t> all;
  auto editor = directory::DirectoryEditor::open(
      fmt::format("{}/{}", settings.paths.data, directory::kDatabaseName), sqlite::Access::create,
      SystemClock().now());
  if (!editor) return all;
  const auto users = editor->users();
  if (!users) return all;
  for (const directory::User& user : *users) all[user.address] = user.in_force.quota.value_or(0);
  return all;
}

// "12%", or nothing where there is no limit.
std::string share_of(const Summary& summary) {
  if (!summary.quota || *summary.quota == 0) return {};
  return fmt::format(
      "{:.0f}%", 100.0 * static_cast<double>(summary.octets) / static_cast<double>(*summary.quota));
}

json as_json(const Summary& summary) {
  json document = {{"mailbox", summary.mailbox},
                   {"messages", summary.messages},
                   {"new", summary.fresh},
                   {"seen", summary.messages - summary.fresh},
                   {"octets", summary.octets},
                   {"oldest", time_of(summary.oldest)},
                   {"newest", time_of(summary.newest)},
                   {"trash", summary.trash},
                   {"not_served", summary.not_served}};
  document["quota"] = summary.quota ? json(*summary.quota) : json();
  return document;
}

std::vector<std::string> to_row(const Summary& summary) {
  return {summary.mailbox,
          fmt::format("{}", summary.messages),
          fmt::format("{}", summary.fresh),
          short_size(summary.octets),
          share_of(summary),
          time_of(summary.oldest),
          time_of(summary.newest),
          fmt::format("{}", summary.trash),
          fmt::format("{}", summary.not_served)};
}

void list_all(Context& context, const config::Settings& settings, const std::string& domain) {
  auto mailboxes = maildir::Mailboxes::open(settings.paths.mail);
  if (!mailboxes) return context.refuse(mailboxes.error());
  const auto limits = quotas(settings);
  std::vector<Summary> summaries;
  while (const auto found = mailboxes->next()) {
    if (!domain.empty() && !found->name.ends_with("@" + to_lower(domain))) continue;
    const auto look =
        found->maildir ? look_at(*found->maildir) : Result<Look>(pass_on(found->maildir.error()));
    if (!look) {
      context.refuse(
          Error{look.error().kind, fmt::format("{}: {}", found->name, look.error().text)});
      continue;
    }
    Summary summary = summary_of(found->name, *look);
    if (const auto limit = limits.find(found->name); limit != limits.end())
      summary.quota = limit->second;
    const auto trash = maildir::find_out_of_date(found->maildir->get(), maildir::OutOfDate::kAll);
    if (trash) summary.trash = trash->messages;
    summaries.push_back(std::move(summary));
  }
  std::sort(summaries.begin(), summaries.end(),
            [](const Summary& a, const Summary& b) { return a.mailbox < b.mailbox; });
  json document = json::array();
  std::vector<std::vector<std::string>> rows{
      {"mailbox", "messages", "new", "size", "quota", "oldest", "newest", "trash", "not served"}};
  for (const Summary& summary : summaries) {
    document.push_back(as_json(summary));
    rows.push_back(to_row(summary));
  }
  context.answer({{"mailboxes", document}}, rows.size() > 1 ? table(rows) : "no mailboxes\n");
}

// ---- One mailbox ----

void list_one(Context& context, const config::Settings& settings, const std::string& mailbox) {
  const auto maildir = maildir::open_maildir(settings.paths.mail, mailbox);
  if (!maildir) return context.refuse(maildir.error());
  if (!*maildir)
    return context.answer({{"mailbox", mailbox}, {"count", 0}, {"messages", json::array()}},
                          fmt::format("{}: nothing was delivered yet\n", printable(mailbox)));
  const auto rights = MailboxRights::take(maildir->get());
  if (!rights) return context.refuse(rights.error());
  const auto look = maildir::look(maildir->get(), boot_id());
  if (!look)
    return context.refuse(
        Error{look.error().kind, fmt::format("{}: {}", mailbox, look.error().text)});
  const std::uint64_t not_served = look->not_served + look->nameless;
  const Listing& listing = look->listing;
  const std::size_t first = listing.size() - std::min(listing.size(), kShownMessages);
  json messages = json::array();
  std::vector<std::vector<std::string>> rows{
      {"number", "unique-id", "size", "came", "new", "from", "subject"}};
  for (std::size_t i = first; i < listing.size(); ++i) {
    const auto read = maildir::read_heading(
        maildir->get(), fmt::format("{}/{}", name_of(listing.folder(i)), listing.file_name(i)));
    const maildir::Heading heading = read ? *read : maildir::Heading{};
    const bool fresh = listing.folder(i) == Folder::in_new;
    messages.push_back({{"number", i + 1},
                        {"unique_id", listing.unique_id(i)},
                        {"octets", listing.octets(i)},
                        {"came", time_of(listing.seconds(i))},
                        {"new", fresh},
                        {"date", heading.date},
                        {"from", heading.from},
                        {"subject", heading.subject}});
    rows.push_back({fmt::format("{}", i + 1), listing.unique_id(i), short_size(listing.octets(i)),
                    time_of(listing.seconds(i)), fresh ? "new" : "", heading.from,
                    heading.subject});
  }
  std::string text =
      rows.size() > 1 ? table(rows) : fmt::format("{}: no messages\n", printable(mailbox));
  if (first > 0) text += fmt::format("and {} older ones\n", first);
  if (not_served > 0)
    text += fmt::format("{} files are not served, as {}; see `postrider mailbox check`\n",
                        not_served, printable(look->example));
  context.answer({{"mailbox", mailbox},
                  {"count", listing.size()},
                  {"octets", look->disk_octets},
                  {"not_served", not_served},
                  {"messages", messages}},
                 text);
}

void run(Context& context, const MailboxListOptions& options) {
  const auto settings = context.settings();
  if (!settings) return;
  if (options.address.empty()) return list_all(context, *settings, options.domain);
  if (const auto mailbox = mailbox_named(context, *settings, options.address))
    list_one(context, *settings, *mailbox);
}

}  // namespace

void add_mailbox_list_command(Command mailbox, Context& context) {
  const auto options = std::make_shared<MailboxListOptions>();
  const Command command =
      mailbox.add_subcommand("list", "What is in the mailboxes, or in one of them");
  const Option address =
      command.add_option("address", options->address, "NAME@DOMAIN: each of its messages");
  command.add_option("--domain", options->domain, "The mailboxes of this domain alone")
      .excludes(address);
  command.callback([&context, options] { run(context, *options); });
}

}  // namespace postrider::ctl
