// store_verbs.cc - the operator's side of the Store: lists, sums, and verbs by filter.
#include <fmt/format.h>

#include "common/base/ascii.h"
#include "queued/description.h"
#include "queued/store.h"

namespace postrider::queued {

namespace {

// A Filter as a condition over `message`: ?1 id or '', ?2 domain, ?3 sender, ?4 state or -1.
constexpr std::string_view kMatch =
    "(?1 = '' OR id = ?1) AND (?2 = '' OR EXISTS (SELECT 1 FROM recipient WHERE message = id AND "
    "domain = ?2 AND state = 0)) AND (?3 = '' OR sender = CAST(?3 AS BLOB)) AND "
    "(?4 < 0 OR state = ?4)";

std::int64_t us(WallTime time) { return time.time_since_epoch().count(); }

tl::unexpected<Error> pass_on(Error error) { return tl::unexpected<Error>(std::move(error)); }

// The state that a filter's word names; -1 for any, -2 for one that no stored message has.
std::int64_t state_named(const std::string& word) {
  if (word.empty()) return -1;
  if (word == "deferred") return Store::kWaiting;
  if (word == "held") return Store::kHeld;
  return -2;
}

}  // namespace

Result<std::vector<std::string>> Store::matching(const ipc::Filter& filter,
                                                 const std::string& after, std::size_t limit) {
  std::vector<std::string> found;
  const bool nothing_given = filter.ids().empty() && filter.domain().empty() &&
                             filter.sender().empty() && filter.state().empty();
  if (nothing_given && !filter.all()) return found;
  auto select = database_.prepare(
      fmt::format("SELECT id FROM message WHERE {} AND id > ?5 ORDER BY id LIMIT ?6", kMatch));
  if (!select) return pass_on(std::move(select.error()));
  std::vector<std::string> ids(filter.ids().begin(), filter.ids().end());
  if (ids.empty()) ids.emplace_back();
  const std::string domain = to_lower(filter.domain());
  for (const std::string& id : ids) {
    select->bind(std::string_view(id), std::string_view(domain),
                 std::string_view(filter.sender()), state_named(filter.state()),
                 std::string_view(after), static_cast<std::int64_t>(limit));
    while (true) {
      auto row = select->step();
      if (!row) return pass_on(std::move(row.error()));
      if (!*row) break;
      found.emplace_back(select->text(0));
    }
  }
  return found;
}

Result<StoredContent> Store::open_content(const MessageId& id) {
  auto stored = load(id.str());
  if (!stored) return pass_on(std::move(stored.error()));
  auto fd = disk_.open(paths_.deferred(id), spool::Disk::Mode::read);
  if (!fd) return pass_on(std::move(fd.error()));
  return StoredContent{std::move(stored->data), std::move(*fd)};
}

Result<Portion> Store::list(const ipc::Filter& filter, const std::string& after) {
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

Result<Counts> Store::count() {
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

Result<std::vector<Behind>> Store::behind(std::size_t limit) {
  auto select = database_.prepare(
      "SELECT behind, count(*) FROM message WHERE behind<>'' GROUP BY behind LIMIT ?1");
  if (!select) return pass_on(std::move(select.error()));
  select->bind(static_cast<std::int64_t>(limit));
  std::vector<Behind> found;
  while (true) {
    auto row = select->step();
    if (!row) return pass_on(std::move(row.error()));
    if (!*row) return found;
    found.push_back({std::string(select->text(0)), static_cast<std::uint64_t>(select->integer(1))});
  }
}

Result<std::vector<ipc::SummaryRow>> Store::summarize() {
  auto select = database_.prepare(
      "SELECT r.domain, m.state, CASE WHEN m.state=2 THEN m.hold_reason ELSE r.reply END AS reason, "
      "count(DISTINCT m.id), count(*), min(m.arrival_us) FROM message m JOIN recipient r ON "
      "r.message=m.id WHERE m.state IN (0,2) AND r.state=0 GROUP BY 1,2,3 ORDER BY 4 DESC LIMIT 500");
  if (!select) return pass_on(std::move(select.error()));
  std::vector<ipc::SummaryRow> rows;
  while (true) {
    auto row = select->step();
    if (!row) return pass_on(std::move(row.error()));
    if (!*row) return rows;
    ipc::SummaryRow summary;
    summary.set_destination(std::string(select->text(0)));
    summary.set_state(select->integer(1) == kHeld ? "held" : "deferred");
    summary.set_reason(std::string(select->text(2)));
    summary.set_messages(static_cast<std::uint64_t>(select->integer(3)));
    summary.set_recipients(static_cast<std::uint64_t>(select->integer(4)));
    summary.set_oldest_us(select->integer(5));
    rows.push_back(std::move(summary));
  }
}

// `sql` updates the row ?1; ?2 is a reason, ?3 a time.
Result<std::uint64_t> Store::update_all(const ipc::Filter& filter, std::string_view sql,
                                        const std::string& reason, WallTime time) {
  auto ids = matching(filter, {}, SIZE_MAX >> 1U);
  if (!ids) return pass_on(std::move(ids.error()));
  auto update = database_.prepare(sql);
  if (!update) return pass_on(std::move(update.error()));
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  std::uint64_t changed = 0;
  for (const std::string& id : *ids) {
    auto done = update->bind(std::string_view(id), std::string_view(reason), us(time)).run();
    if (!done) return pass_on(std::move(done.error()));
    changed += static_cast<std::uint64_t>(database_.changes());
  }
  if (auto committed = transaction->commit(); !committed)
    return pass_on(std::move(committed.error()));
  return changed;
}

Result<std::uint64_t> Store::hold(const ipc::Filter& filter, const std::string& reason) {
  return update_all(filter, "UPDATE message SET state=2, behind='', hold_reason=?2, "
                            "released=0 WHERE id=?1 AND state<>1 AND ?3 IS NOT NULL", reason, WallTime());
}

Result<std::uint64_t> Store::release(const ipc::Filter& filter, WallTime now) {
  ipc::Filter held = filter;
  held.set_state("held");
  return update_all(held, "UPDATE message SET state=0, hold_reason=?2, next_attempt_us=?3, released=1 "
                          "WHERE id=?1 AND state=2", "", now);
}

Result<std::uint64_t> Store::retry(const ipc::Filter& filter, WallTime now) {
  ipc::Filter deferred = filter;
  deferred.set_state("deferred");
  return update_all(deferred, "UPDATE message SET hold_reason=?2, next_attempt_us=?3, "
                              "behind='' WHERE id=?1 AND state=0", "", now);
}

Result<std::vector<MessageData>> Store::remove(const ipc::Filter& filter) {
  auto ids = matching(filter, {}, SIZE_MAX >> 1U);
  if (!ids) return pass_on(std::move(ids.error()));
  auto erase = database_.prepare("DELETE FROM message WHERE id=?1 AND state<>1");
  if (!erase) return pass_on(std::move(erase.error()));
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  std::vector<MessageData> removed;
  for (const std::string& id : *ids) {
    auto stored = load(id);
    if (!stored && stored.error().kind != ErrorKind::corrupt)
      return pass_on(std::move(stored.error()));
    if (auto done = erase->bind(std::string_view(id)).run(); !done)
      return pass_on(std::move(done.error()));
    if (database_.changes() == 0) continue;
    removed.push_back(stored ? std::move(stored->data) : MessageData{});
    removed.back().id = MessageId::parse(id).value_or(MessageId());
  }
  if (auto committed = transaction->commit(); !committed)
    return pass_on(std::move(committed.error()));
  for (const MessageData& data : removed) static_cast<void>(disk_.remove(paths_.deferred(data.id)));
  return removed;
}

}  // namespace postrider::queued
