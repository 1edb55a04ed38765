#include "queued/store_reader.h"

#include <algorithm>
#include <functional>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "queued/description.h"

namespace postrider::queued {

namespace {

using sqlite::Statement;

// A Filter as a condition over `message`: ?2 domain, ?3 sender, ?4 state or -1; and ?1, an id.
constexpr std::string_view kMatch =
    "(?2 = '' OR EXISTS (SELECT 1 FROM recipient WHERE message = id AND "
    "domain = ?2 AND state = 0)) AND (?3 = '' OR sender = CAST(?3 AS BLOB)) AND "
    "(?4 < 0 OR state = ?4)";

constexpr std::string_view kLoad =
    "SELECT envelope, content_length, content_checksum, attempts, warned, arrival_us, state, "
    "next_attempt_us, expires_us, hold_reason, released FROM message WHERE id=?1";
constexpr std::string_view kLoadRecipients =
    "SELECT address, original, notify, orcpt, state, next_hop, status, reply, remote "
    "FROM recipient WHERE message=?1";
// By message: the recipients of one come together. Grouping is ours, as SQLite would sort all rows.
constexpr std::string_view kOpenRecipients =
    "SELECT m.id, r.domain, m.state, CASE WHEN m.state=2 THEN m.hold_reason ELSE r.reply END, "
    "m.arrival_us FROM message m JOIN recipient r ON r.message=m.id "
    "WHERE m.state IN (0,2) AND r.state=0";

WallTime from_us(std::int64_t time) { return WallTime(std::chrono::microseconds(time)); }

tl::unexpected<Error> pass_on(Error error) { return tl::unexpected<Error>(std::move(error)); }

// The state that a filter's word names; -1 for any, -2 for one that no stored message has.
std::int64_t state_named(const std::string& word) {
  if (word.empty()) return -1;
  if (word == "deferred") return StoreReader::kWaiting;
  if (word == "held") return StoreReader::kHeld;
  return -2;
}

// A lookup by a view makes no string.
struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>()(text);
  }
};

struct Sum {
  ipc::SummaryRow row;
  std::string last_message;
};
using Sums = std::unordered_map<std::string, Sum, Hash, std::equal_to<>>;

void add(Sum& sum, std::string_view message, std::int64_t arrival_us) {
  ipc::SummaryRow& row = sum.row;
  if (sum.last_message != message) {
    sum.last_message = message;
    row.set_messages(row.messages() + 1);
  }
  row.set_recipients(row.recipients() + 1);
  if (row.oldest_us() == 0 || arrival_us < row.oldest_us()) row.set_oldest_us(arrival_us);
}

Sum begin_sum(std::string_view destination, std::int64_t state, std::string_view reason) {
  Sum sum;
  sum.row.set_destination(std::string(destination));
  sum.row.set_state(state == StoreReader::kHeld ? "held" : "deferred");
  sum.row.set_reason(std::string(reason));
  return sum;
}

std::vector<ipc::SummaryRow> largest(Sums sums) {
  std::vector<ipc::SummaryRow> rows;
  for (auto& [key, sum] : sums) rows.push_back(std::move(sum.row));
  const auto count = std::min(rows.size(), StoreReader::kSummaryRows);
  const auto order = [](const ipc::SummaryRow& a, const ipc::SummaryRow& b) {
    if (a.messages() != b.messages()) return a.messages() > b.messages();
    return a.destination() < b.destination();
  };
  std::partial_sort(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count), rows.end(),
                    order);
  rows.resize(count);
  return rows;
}

}  // namespace

StoreReader::StoreReader(spool::Disk& disk, const spool::Paths& paths, sqlite::Database database)
    : disk_(disk), paths_(paths), database_(std::move(database)) {}
StoreReader::~StoreReader() = default;

Result<std::unique_ptr<StoreReader>> StoreReader::open(spool::Disk& disk,
                                                       const spool::Paths& paths) {
  auto database = sqlite::Database::open(paths.queue_db(), sqlite::Access::read);
  if (!database) return pass_on(std::move(database.error()));
  std::unique_ptr<StoreReader> reader(new StoreReader(disk, paths, std::move(*database)));
  if (auto ready = reader->prepare(); !ready) return pass_on(std::move(ready.error()));
  return reader;
}

Result<void> StoreReader::prepare() {
  auto load = database_.prepare(kLoad);
  if (!load) return pass_on(std::move(load.error()));
  auto load_recipients = database_.prepare(kLoadRecipients);
  if (!load_recipients) return pass_on(std::move(load_recipients.error()));
  load_ = std::move(*load);
  load_recipients_ = std::move(*load_recipients);
  return {};
}

// The row is held until its recipients are read: both are of one moment.
Result<StoreReader::Stored> StoreReader::load(const std::string& id) {
  Statement& row = *load_;
  auto found = row.bind(std::string_view(id)).step();
  if (!found) return pass_on(std::move(found.error()));
  if (!*found) return fail(ErrorKind::not_found, "no such message: " + id);
  auto stored = read(id, row);
  row.reset();
  return stored;
}

Result<StoreReader::Stored> StoreReader::read(const std::string& id, const Statement& row) {
  Stored stored{.state = row.integer(6),
                .next_attempt_us = row.integer(7),
                .expires_us = row.integer(8),
                .hold_reason = std::string(row.text(9))};
  MessageData& data = stored.data;
  const std::string_view envelope = row.text(0);
  const auto parsed_id = MessageId::parse(id);
  if (!parsed_id ||
      !data.envelope.ParseFromArray(envelope.data(), static_cast<int>(envelope.size())))
    return fail(ErrorKind::corrupt,
                fmt::format("{}: row {} cannot be read", paths_.queue_db(), id));
  data.id = *parsed_id;
  data.content_length = static_cast<std::uint64_t>(row.integer(1));
  data.content_checksum = static_cast<std::uint64_t>(row.integer(2));
  data.attempts = static_cast<std::uint32_t>(row.integer(3));
  data.warned = row.integer(4) != 0;
  data.arrival = from_us(row.integer(5));
  data.released = row.integer(10) != 0;
  auto recipients = read_recipients(id);
  if (!recipients) return pass_on(std::move(recipients.error()));
  data.recipients = std::move(*recipients);
  if (!data.recipients.empty()) return stored;
  return fail(ErrorKind::corrupt,
              fmt::format("{}: row {} has no recipients", paths_.queue_db(), id));
}

Result<std::vector<Recipient>> StoreReader::read_recipients(const std::string& id) {
  std::vector<Recipient> recipients;
  Statement& each = *load_recipients_;
  each.bind(std::string_view(id));
  while (true) {
    auto next = each.step();
    if (!next) return pass_on(std::move(next.error()));
    if (!*next) return recipients;
    recipients.push_back({.address = std::string(each.text(0)),
                          .original = std::string(each.text(1)),
                          .notify = std::string(each.text(2)),
                          .orcpt = std::string(each.text(3)),
                          .state = static_cast<RecipientState>(each.integer(4)),
                          .next_hop = std::string(each.text(5)),
                          .status = std::string(each.text(6)),
                          .reply = std::string(each.text(7)),
                          .remote = std::string(each.text(8))});
  }
}

Result<std::vector<std::string>> StoreReader::matching(const ipc::Filter& filter,
                                                       const std::string& after,
                                                       std::size_t limit) {
  std::vector<std::string> found;
  const bool nothing_given = filter.ids().empty() && filter.domain().empty() &&
                             filter.sender().empty() && filter.state().empty();
  if (nothing_given && !filter.all()) return found;
  // In the order of what is found: where a portion ends, the next goes on.
  std::set<std::string> ids(filter.ids().begin(), filter.ids().end());
  auto select = database_.prepare(
      fmt::format("SELECT id FROM message WHERE {} AND {} AND id > ?5 ORDER BY id LIMIT ?6",
                  ids.empty() ? "?1 = ''" : "id = ?1", kMatch));
  if (!select) return pass_on(std::move(select.error()));
  if (ids.empty()) ids.emplace();
  const std::string domain = to_lower(filter.domain());
  for (auto id = ids.begin(); id != ids.end() && found.size() < limit; ++id) {
    select->bind(std::string_view(*id), std::string_view(domain), std::string_view(filter.sender()),
                 state_named(filter.state()), std::string_view(after),
                 static_cast<std::int64_t>(limit));
    while (true) {
      auto row = select->step();
      if (!row) return pass_on(std::move(row.error()));
      if (!*row) break;
      found.emplace_back(select->text(0));
    }
  }
  return found;
}

Result<StoredContent> StoreReader::open_content(const MessageId& id) {
  auto stored = load(id.str());
  if (!stored) return pass_on(std::move(stored.error()));
  auto fd = disk_.open(paths_.deferred(id), spool::Disk::Mode::read);
  if (!fd) return pass_on(std::move(fd.error()));
  return StoredContent{std::move(stored->data), std::move(*fd)};
}

Result<Portion> StoreReader::list(const ipc::Filter& filter, const std::string& after) {
  auto ids = matching(filter, after, kPortion);
  if (!ids) return pass_on(std::move(ids.error()));
  Portion portion;
  std::size_t octets = 0;
  for (const std::string& id : *ids) {
    portion.last_id = id;
    auto stored = load(id);
    if (!stored && stored.error().kind == ErrorKind::corrupt) {
      ipc::QueuedMessage& unreadable = portion.messages.emplace_back();
      unreadable.set_id(id);
      unreadable.set_state("held");
      unreadable.set_hold_reason(stored.error().text);
      continue;
    }
    // It ended while we read.
    if (!stored && stored.error().kind == ErrorKind::not_found) continue;
    if (!stored) return pass_on(std::move(stored.error()));
    if (stored->state == kActive) continue;  // it is in the queue's memory
    ipc::QueuedMessage message = describe(stored->data);
    message.set_state(stored->state == kHeld ? "held" : "deferred");
    if (stored->state == kWaiting) message.set_next_attempt_us(stored->next_attempt_us);
    message.set_expires_us(stored->expires_us);
    message.set_hold_reason(stored->hold_reason);
    octets += message.ByteSizeLong();
    portion.messages.push_back(std::move(message));
    if (octets >= kDescribedOctets) return portion;
  }
  if (ids->size() < kPortion) portion.last_id.clear();
  return portion;
}

Result<Counts> StoreReader::count() {
  auto select = database_.prepare(
      "SELECT (SELECT count(*) FROM message WHERE state=0), "
      "(SELECT count(*) FROM message WHERE state=2), "
      "(SELECT id FROM message ORDER BY id LIMIT 1), (SELECT arrival_us FROM message ORDER BY id "
      "LIMIT 1)");
  if (!select) return pass_on(std::move(select.error()));
  if (auto row = select->step(); !row) return pass_on(std::move(row.error()));
  return Counts{.deferred = static_cast<std::uint64_t>(select->integer(0)),
                .held = static_cast<std::uint64_t>(select->integer(1)),
                .oldest_us = select->integer(3)};
}

Result<std::vector<Backlog>> StoreReader::behind(std::size_t limit) {
  auto select = database_.prepare(
      "SELECT behind, count(*) FROM message WHERE behind<>'' GROUP BY behind LIMIT ?1");
  if (!select) return pass_on(std::move(select.error()));
  select->bind(static_cast<std::int64_t>(limit));
  std::vector<Backlog> found;
  while (true) {
    auto row = select->step();
    if (!row) return pass_on(std::move(row.error()));
    if (!*row) return found;
    found.push_back({std::string(select->text(0)), static_cast<std::uint64_t>(select->integer(1))});
  }
}

Result<std::vector<ipc::SummaryRow>> StoreReader::summarize() {
  auto select = database_.prepare(kOpenRecipients);
  if (!select) return pass_on(std::move(select.error()));
  Sums sums;
  Sum others = begin_sum("(others)", kWaiting, "other reasons");
  std::string key;
  while (true) {
    auto row = select->step();
    if (!row) return pass_on(std::move(row.error()));
    if (!*row) break;
    const std::string_view destination = select->text(1);
    const std::string_view reason = select->text(3);
    const std::int64_t state = select->integer(2);
    key.assign(destination);
    key += state == kHeld ? '\1' : '\0';
    key += reason;
    auto sum = sums.find(key);
    if (sum == sums.end() && sums.size() < kReasons)
      sum = sums.emplace(key, begin_sum(destination, state, reason)).first;
    add(sum == sums.end() ? others : sum->second, select->text(0), select->integer(4));
  }
  if (others.row.messages() > 0) sums.emplace("", std::move(others));
  return largest(std::move(sums));
}

}  // namespace postrider::queued
