#include "queued/store_reader.h"

#include <algorithm>
#include <functional>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "queued/description.h"
#include "queued/reason_words.h"

namespace postrider::queued {

namespace {

using sqlite::Statement;

constexpr std::string_view kLoad =
    "SELECT envelope, content_length, content_checksum, attempts, warned, arrival_us, state, "
    "next_attempt_us, expires_us, hold_reason, released, deleted_us, expired FROM message "
    "WHERE id=?1";
constexpr std::string_view kLoadRecipients =
    "SELECT address, original, notify, orcpt, state, next_hop, status, reply, remote, via "
    "FROM recipient WHERE message=?1";
// By message: the recipients of one come together. Grouping is ours, as SQLite would sort all rows.
constexpr std::string_view kOpenRecipients =
    "SELECT m.id, r.domain, m.state, CASE WHEN m.state=2 THEN m.hold_reason ELSE r.reply END, "
    "m.arrival_us, CASE WHEN m.state=0 AND m.behind='' THEN m.next_attempt_us ELSE 0 END, r.status "
    "FROM message m JOIN recipient r ON r.message=m.id "
    "WHERE m.state IN (0,2) AND r.state=0";

WallTime from_us(std::int64_t time) { return WallTime(std::chrono::microseconds(time)); }

tl::unexpected<Error> pass_on(Error error) { return tl::unexpected<Error>(std::move(error)); }

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

void add(Sum& sum, std::string_view message, std::int64_t arrival_us,
         std::int64_t next_attempt_us) {
  ipc::SummaryRow& row = sum.row;
  if (sum.last_message != message) {
    sum.last_message = message;
    row.set_messages(row.messages() + 1);
  }
  row.set_recipients(row.recipients() + 1);
  if (row.oldest_us() == 0 || arrival_us < row.oldest_us()) row.set_oldest_us(arrival_us);
  const bool sooner = row.next_attempt_us() == 0 || next_attempt_us < row.next_attempt_us();
  if (next_attempt_us != 0 && sooner) row.set_next_attempt_us(next_attempt_us);
}

Sum begin_sum(std::string_view destination, MessageState state, std::string_view reason,
              std::string_view status) {
  Sum sum;
  sum.row.set_destination(std::string(destination));
  sum.row.set_state(std::string(word_for(state)));
  sum.row.set_reason(std::string(reason));
  sum.row.set_status(std::string(status));
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
  Stored stored{.state = static_cast<MessageState>(row.integer(6)),
                .next_attempt_us = row.integer(7),
                .expires_us = row.integer(8),
                .hold_reason = std::string(row.text(9)),
                .deleted_us = row.integer(11)};
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
  data.expired = row.integer(12) != 0;
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
                          .via = std::string(each.text(9)),
                          .status = std::string(each.text(6)),
                          .reply = std::string(each.text(7)),
                          .remote = std::string(each.text(8))});
  }
}

Result<StoredContent> StoreReader::open_content(const MessageId& id) {
  auto stored = load(id.str());
  if (!stored) return pass_on(std::move(stored.error()));
  auto fd = disk_.open(paths_.deferred(id), spool::Disk::Mode::read);
  if (!fd) return pass_on(std::move(fd.error()));
  return StoredContent{std::move(stored->data), std::move(*fd)};
}

Result<Counts> StoreReader::count() {
  auto select = database_.prepare(
      "SELECT (SELECT count(*) FROM message WHERE state=0), "
      "(SELECT count(*) FROM message WHERE state=2), "
      "(SELECT arrival_us FROM message WHERE state<>3 ORDER BY id LIMIT 1), "
      "count(*), coalesce(sum(content_length), 0) FROM message WHERE deleted_us<>0");
  if (!select) return pass_on(std::move(select.error()));
  if (auto row = select->step(); !row) return pass_on(std::move(row.error()));
  return Counts{.deferred = static_cast<std::uint64_t>(select->integer(0)),
                .held = static_cast<std::uint64_t>(select->integer(1)),
                .oldest_us = select->integer(2),
                .deleted = static_cast<std::uint64_t>(select->integer(3)),
                .deleted_octets = static_cast<std::uint64_t>(select->integer(4))};
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
  Sum others = begin_sum("(others)", MessageState::deferred, "other reasons", "");
  std::string key;
  while (true) {
    auto row = select->step();
    if (!row) return pass_on(std::move(row.error()));
    if (!*row) break;
    const std::string_view destination = select->text(1);
    const std::string_view reason = select->text(3).substr(0, kDescribedReply);
    const auto state = static_cast<MessageState>(select->integer(2));
    key.assign(destination);
    key += state == MessageState::held ? '\1' : '\0';
    key += reason_words(reason);
    auto sum = sums.find(key);
    if (sum == sums.end() && sums.size() < kReasons)
      sum = sums.emplace(key, begin_sum(destination, state, reason, select->text(6))).first;
    add(sum == sums.end() ? others : sum->second, select->text(0), select->integer(4),
        select->integer(5));
  }
  if (others.row.messages() > 0) sums.emplace("", std::move(others));
  return largest(std::move(sums));
}

}  // namespace postrider::queued
