#include "queued/store_reader.h"

#include <fmt/format.h>

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

// By their ids, which sort by time, and which the index on the schedule holds: no row is read.
Result<StoreReader::Ages> StoreReader::ages(WallTime now) {
  auto select = database_.prepare(
      "SELECT state, sum(id<?1), sum(id<?2), sum(id<?3), sum(id<?4), sum(id<?5), count(*) "
      "FROM message WHERE state IN (0,2) GROUP BY state");
  if (!select) return pass_on(std::move(select.error()));
  static_assert(kAgeBounds.size() == 5);
  const auto first = [&](std::size_t i) { return MessageId::first_at(now - kAgeBounds[i]).str(); };
  const std::string bounds[] = {first(0), first(1), first(2), first(3), first(4)};
  const auto text = [&](std::size_t i) { return std::string_view(bounds[i]); };
  select->bind(text(0), text(1), text(2), text(3), text(4));
  Ages ages;
  while (true) {
    auto row = select->step();
    if (!row) return pass_on(std::move(row.error()));
    if (!*row) return ages;
    AgeCounts& counts = select->integer(0) == 0 ? ages.deferred : ages.held;
    // Each sum is of all that are older than its bound.
    auto younger = static_cast<std::uint64_t>(select->integer(6));
    for (std::size_t i = 0; i < kAgeBounds.size(); ++i) {
      const auto older = static_cast<std::uint64_t>(select->integer(static_cast<int>(i) + 1));
      counts[i] = younger - older;
      younger = older;
    }
    counts.back() = younger;
  }
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

}  // namespace postrider::queued
