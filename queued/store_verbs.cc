// store_verbs.cc - the operator's verbs on the old generation, by filter.
#include <algorithm>

#include "queued/store.h"

namespace postrider::queued {

namespace {

std::int64_t us(WallTime time) { return time.time_since_epoch().count(); }

tl::unexpected<Error> pass_on(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace

// `sql` updates the row ?1; ?2 is a reason, ?3 the message's time.
Result<Changed> Store::update_all(const ipc::Filter& filter, const std::string& after,
                                  std::string_view sql, const std::string& reason,
                                  UniqueFunction<Result<WallTime>(const std::string& id)> time_of) {
  auto ids = matching(filter, after, kVerbPortion);
  if (!ids) return pass_on(std::move(ids.error()));
  auto update = database_.prepare(sql);
  if (!update) return pass_on(std::move(update.error()));
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  Changed changed;
  for (const std::string& id : *ids) {
    auto time = time_of(id);
    if (!time) return pass_on(std::move(time.error()));
    auto done = update->bind(std::string_view(id), std::string_view(reason), us(*time)).run();
    if (!done) return pass_on(std::move(done.error()));
    changed.messages += static_cast<std::uint64_t>(database_.changes());
  }
  if (auto committed = transaction->commit(); !committed)
    return pass_on(std::move(committed.error()));
  if (ids->size() >= kVerbPortion) changed.last_id = std::move(ids->back());
  return changed;
}

Result<Changed> Store::hold(const ipc::Filter& filter, const std::string& after,
                            const std::string& reason) {
  return update_all(filter, after,
                    "UPDATE message SET state=2, behind='', hold_reason=?2, released=0 "
                    "WHERE id=?1 AND state<>1 AND ?3 IS NOT NULL",
                    reason, [](const std::string&) { return WallTime(); });
}

Result<Changed> Store::release(const ipc::Filter& filter, const std::string& after, WallTime now) {
  ipc::Filter held = filter;
  held.set_state("held");
  return update_all(held, after,
                    "UPDATE message SET state=0, hold_reason=?2, next_attempt_us=?3, released=1 "
                    "WHERE id=?1 AND state=2",
                    "", [this, now](const std::string& id) -> Result<WallTime> {
                      auto stored = load(id);
                      if (stored) return std::max(now, stored->data.release());
                      // What is damaged is found when it is due.
                      if (stored.error().kind == ErrorKind::corrupt) return now;
                      return pass_on(std::move(stored.error()));
                    });
}

Result<Changed> Store::retry(const ipc::Filter& filter, const std::string& after, WallTime now) {
  ipc::Filter deferred = filter;
  deferred.set_state("deferred");
  return update_all(deferred, after,
                    "UPDATE message SET hold_reason=?2, next_attempt_us=?3, behind='' "
                    "WHERE id=?1 AND state=0",
                    "", [now](const std::string&) { return now; });
}

Result<Changed> Store::remove(const ipc::Filter& filter, const std::string& after) {
  auto ids = matching(filter, after, kVerbPortion);
  if (!ids) return pass_on(std::move(ids.error()));
  auto erase = database_.prepare("DELETE FROM message WHERE id=?1 AND state<>1");
  if (!erase) return pass_on(std::move(erase.error()));
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  Changed changed;
  for (const std::string& id : *ids) {
    auto stored = load(id);
    if (!stored && stored.error().kind != ErrorKind::corrupt)
      return pass_on(std::move(stored.error()));
    if (auto done = erase->bind(std::string_view(id)).run(); !done)
      return pass_on(std::move(done.error()));
    if (database_.changes() == 0) continue;
    changed.removed.push_back(stored ? std::move(stored->data) : MessageData{});
    changed.removed.back().id = MessageId::parse(id).value_or(MessageId());
  }
  if (auto committed = transaction->commit(); !committed)
    return pass_on(std::move(committed.error()));
  for (const MessageData& data : changed.removed)
    static_cast<void>(disk_.remove(paths_.deferred(data.id)));
  changed.messages = changed.removed.size();
  if (ids->size() >= kVerbPortion) changed.last_id = std::move(ids->back());
  return changed;
}

}  // namespace postrider::queued
