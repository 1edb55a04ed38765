// store_verbs.cc - the operator's verbs on the old generation.
#include <algorithm>

#include "queued/store.h"

namespace postrider::queued {

namespace {

using Request = ipc::AdminRequest;

// Changes the row ?1, unless it is in a state that the verb is not for; ?2 is a reason, ?3 a time.
std::string_view update_of(Request::Verb verb) {
  switch (verb) {
    case Request::HOLD:
      return "UPDATE message SET state=2, behind='', hold_reason=?2, released=0 "
             "WHERE id=?1 AND state=0 AND ?3 IS NOT NULL";
    case Request::RELEASE:
      return "UPDATE message SET state=0, hold_reason='', next_attempt_us=?3, released=1 "
             "WHERE id=?1 AND state=2 AND ?2 IS NOT NULL";
    case Request::RETRY:
      return "UPDATE message SET next_attempt_us=?3, behind='' "
             "WHERE id=?1 AND state=0 AND ?2 IS NOT NULL";
    case Request::EXPIRE:
      return "UPDATE message SET state=0, expired=1, next_attempt_us=?3, behind='', hold_reason='' "
             "WHERE id=?1 AND state IN (0,2) AND expired=0 AND ?2 IS NOT NULL";
    // Who waits behind a destination has no time of its own: it is due when this is undone.
    case Request::DELETE:
      return "UPDATE message SET state=3, deleted_us=?3, "
             "next_attempt_us=CASE behind WHEN '' THEN next_attempt_us ELSE ?3 END, behind='' "
             "WHERE id=?1 AND state IN (0,2) AND ?2 IS NOT NULL";
    case Request::ROUTE:
      return "UPDATE message SET next_attempt_us=CASE state WHEN 0 THEN ?3 ELSE next_attempt_us "
             "END, "
             "behind='' WHERE id=?1 AND state IN (0,2) AND ?2 IS NOT NULL";
    default:  // UNDELETE
      return "UPDATE message SET state=CASE hold_reason WHEN '' THEN 0 ELSE 2 END, deleted_us=0 "
             "WHERE id=?1 AND state=3 AND ?2 IS NOT NULL AND ?3 IS NOT NULL";
  }
}

}  // namespace

Result<Changed> Store::carry_out(const Act& act, const std::string& after, WallTime now) {
  auto selected = select(act.selection, after, kVerbPortion);
  if (!selected) return pass_on(std::move(selected.error()));
  Changed changed;
  if (act.verb.request == Request::ERASE) {
    auto erased = erase(selected->ids, "state<>1");
    if (!erased) return erased;
    changed = std::move(*erased);
  } else {
    auto update = database_.prepare(update_of(act.verb.request));
    if (!update) return pass_on(std::move(update.error()));
    auto transaction = sqlite::Transaction::begin(database_);
    if (!transaction) return pass_on(std::move(transaction.error()));
    for (const std::string& id : selected->ids) {
      const auto done = carry_out(act, id, *update, now);
      if (!done) return pass_on(done.error());
      if (*done) ++changed.messages;
    }
    if (auto committed = transaction->commit(); !committed)
      return pass_on(std::move(committed.error()));
  }
  changed.last_id = std::move(selected->last_id);
  return changed;
}

Result<bool> Store::carry_out(const Act& act, const std::string& id, sqlite::Statement& update,
                              WallTime now) {
  WallTime time = now;
  if (act.verb.request == Request::ROUTE) {
    const auto routed = route(act, id);
    if (!routed || !*routed) return routed;
  }
  // Before the time that its sender has named only a retry sends it.
  if (act.verb.request == Request::RELEASE || act.verb.request == Request::ROUTE) {
    auto stored = load(id);
    // What is damaged is found when it is due.
    if (!stored && stored.error().kind != ErrorKind::corrupt)
      return pass_on(std::move(stored.error()));
    if (stored) time = std::max(now, stored->data.release());
  }
  auto done = update.bind(std::string_view(id), std::string_view(act.why), to_us(time)).run();
  if (!done) return pass_on(std::move(done.error()));
  return database_.changes() > 0;
}

// The recipients that are meant; whether there was one that goes another way now.
Result<bool> Store::route(const Act& act, const std::string& id) {
  const auto stored = load(id);
  if (!stored && stored.error().kind == ErrorKind::corrupt) return false;
  if (!stored) return pass_on(stored.error());
  if (stored->state == MessageState::active) return false;
  auto update = database_.prepare("UPDATE recipient SET via=?3 WHERE message=?1 AND address=?2");
  if (!update) return pass_on(std::move(update.error()));
  const MessageView message{.id = id, .hold_reason = stored->hold_reason};
  bool any = false;
  for (const Recipient& recipient : stored->data.recipients) {
    const bool meant =
        !is_final(recipient.state) && act.selection.meets(message, view_of(recipient));
    if (!meant) continue;
    any = true;
    const auto updated =
        update
            ->bind(std::string_view(id), sqlite::Blob{recipient.address}, std::string_view(act.via))
            .run();
    if (!updated) return pass_on(updated.error());
  }
  return any;
}

Result<Changed> Store::sweep(WallTime before, WallTime now) {
  auto mend =
      database_.prepare("UPDATE message SET deleted_us=?1 WHERE deleted_us<>0 AND deleted_us>?1");
  if (!mend) return pass_on(std::move(mend.error()));
  if (auto mended = mend->bind(to_us(now)).run(); !mended)
    return pass_on(std::move(mended.error()));
  auto select = database_.prepare(
      "SELECT id FROM message WHERE deleted_us<>0 AND deleted_us<=?1 ORDER BY deleted_us LIMIT ?2");
  if (!select) return pass_on(std::move(select.error()));
  select->bind(to_us(before), kVerbPortion);
  std::vector<std::string> ids;
  while (true) {
    const auto row = select->step();
    if (!row) return pass_on(row.error());
    if (!*row) break;
    ids.emplace_back(select->text(0));
  }
  auto erased = erase(ids, "state=3");
  if (erased && ids.size() == kVerbPortion) erased->last_id = ids.back();
  return erased;
}

// The rows go first, then the files.
Result<Changed> Store::erase(const std::vector<std::string>& ids, std::string_view condition) {
  Changed changed;
  if (ids.empty()) return changed;
  auto remove = database_.prepare("DELETE FROM message WHERE id=?1 AND " + std::string(condition));
  if (!remove) return pass_on(std::move(remove.error()));
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  for (const std::string& id : ids) {
    auto stored = load(id);
    if (!stored && stored.error().kind != ErrorKind::corrupt)
      return pass_on(std::move(stored.error()));
    if (auto done = remove->bind(std::string_view(id)).run(); !done)
      return pass_on(std::move(done.error()));
    if (database_.changes() == 0) continue;
    changed.erased.push_back(stored ? std::move(stored->data) : MessageData{});
    changed.erased.back().id = MessageId::parse(id).value_or(MessageId());
  }
  if (auto committed = transaction->commit(); !committed)
    return pass_on(std::move(committed.error()));
  for (const MessageData& data : changed.erased)
    static_cast<void>(disk_.remove(paths_.deferred(data.id)));
  changed.messages = changed.erased.size();
  return changed;
}

}  // namespace postrider::queued
