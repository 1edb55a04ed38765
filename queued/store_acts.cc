// store_acts.cc - what operators did, and the destinations that they have paused, as queue.db keeps
// them.
#include "queued/store.h"

namespace postrider::queued {

Result<std::int64_t> Store::begin_act(const ipc::Act& act) {
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  const auto number = insert(act);
  if (!number) return number;
  if (auto committed = transaction->commit(); !committed)
    return pass_on(std::move(committed.error()));
  return number;
}

// In a transaction; what is too old, or too many, goes.
Result<std::int64_t> Store::insert(const ipc::Act& act) {
  auto insert = database_.prepare(
      "INSERT INTO act (time_us, uid, user, verb, what, why, messages, failure) "
      "VALUES (?1,?2,?3,?4,?5,?6,0,?7)");
  auto forget = database_.prepare("DELETE FROM act WHERE time_us<?1 OR number<=?2");
  for (auto* statement : {&insert, &forget})
    if (!*statement) return pass_on(std::move(statement->error()));
  auto kept = insert
                  ->bind(act.time_us(), act.uid(), std::string_view(act.user()),
                         std::string_view(act.verb()), std::string_view(act.what()),
                         std::string_view(act.why()), std::string_view(act.failure()))
                  .run();
  if (!kept) return pass_on(std::move(kept.error()));
  const std::int64_t number = database_.last_rowid();
  const auto oldest = act.time_us() - std::chrono::microseconds(kActsKept).count();
  if (auto gone = forget->bind(oldest, number - kMostActs).run(); !gone)
    return pass_on(std::move(gone.error()));
  return number;
}

Result<void> Store::end_act(std::int64_t number, std::uint64_t messages,
                            const std::string& failure) {
  auto update = database_.prepare("UPDATE act SET messages=?2, failure=?3 WHERE number=?1");
  if (!update) return pass_on(std::move(update.error()));
  return update->bind(number, messages, std::string_view(failure)).run();
}

Result<void> Store::pause(const Pause& pause, const ipc::Act& act) {
  auto insert_pause = database_.prepare("INSERT OR REPLACE INTO pause VALUES (?1,?2,?3,?4)");
  if (!insert_pause) return pass_on(std::move(insert_pause.error()));
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  auto kept =
      insert_pause
          ->bind(std::string_view(pause.destination), pause.since.time_since_epoch().count(),
                 std::string_view(pause.user), std::string_view(pause.why))
          .run();
  if (!kept) return kept;
  if (auto number = insert(act); !number) return pass_on(std::move(number.error()));
  return transaction->commit();
}

Result<void> Store::resume(const std::string& destination, const ipc::Act& act) {
  auto remove = database_.prepare("DELETE FROM pause WHERE destination=?1");
  if (!remove) return pass_on(std::move(remove.error()));
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  if (auto removed = remove->bind(std::string_view(destination)).run(); !removed) return removed;
  if (auto number = insert(act); !number) return pass_on(std::move(number.error()));
  return transaction->commit();
}

Result<std::vector<Pause>> StoreReader::pauses() {
  auto select = database_.prepare("SELECT destination, since_us, user, why FROM pause");
  if (!select) return pass_on(std::move(select.error()));
  std::vector<Pause> pauses;
  while (true) {
    const auto row = select->step();
    if (!row) return pass_on(row.error());
    if (!*row) return pauses;
    pauses.push_back({.destination = std::string(select->text(0)),
                      .since = WallTime(std::chrono::microseconds(select->integer(1))),
                      .user = std::string(select->text(2)),
                      .why = std::string(select->text(3))});
  }
}

Result<std::vector<ipc::Act>> StoreReader::acts(std::size_t limit) {
  auto select = database_.prepare(
      "SELECT time_us, uid, user, verb, what, messages, why, failure FROM act "
      "ORDER BY number DESC LIMIT ?1");
  if (!select) return pass_on(std::move(select.error()));
  select->bind(limit);
  std::vector<ipc::Act> acts;
  while (true) {
    const auto row = select->step();
    if (!row) return pass_on(row.error());
    if (!*row) return acts;
    ipc::Act& act = acts.emplace_back();
    act.set_time_us(select->integer(0));
    act.set_uid(static_cast<std::uint32_t>(select->integer(1)));
    act.set_user(std::string(select->text(2)));
    act.set_verb(std::string(select->text(3)));
    act.set_what(std::string(select->text(4)));
    act.set_messages(static_cast<std::uint64_t>(select->integer(5)));
    act.set_why(std::string(select->text(6)));
    act.set_failure(std::string(select->text(7)));
  }
}

}  // namespace postrider::queued
