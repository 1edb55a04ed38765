// store.h - the old generation: queue.db and deferred/, for messages that outlived their first
// attempt. Blocks; one thread at a time (StoreThread's).
//
// The schedule is an index on next_attempt, so memory stays flat however many wait. A row's content
// is deferred/<xx>/<id>; a file without a row was left by a crash before the commit and is replaced
// when its message is promoted again. See common/spool/STATES.md.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/ipc/messages.pb.h"
#include "common/spool/disk.h"
#include "common/spool/paths.h"
#include "common/sqlite/sqlite.h"
#include "queued/act.h"
#include "queued/call.h"
#include "queued/change.h"
#include "queued/message.h"
#include "queued/pause.h"
#include "queued/store_reader.h"

namespace postrider::queued {

// Messages that become active, and whether there may be more of the kind.
struct Taken {
  std::vector<MessageData> messages;
  bool more = false;
};

// What an operator's verb has done to a portion of the messages.
struct Changed {
  std::uint64_t messages = 0;
  std::vector<MessageData> erased;  // for the log
  std::string last_id;              // pass it as `after`; empty: that was all
};

// It reads as well: what it has not committed yet included.
class Store : public StoreReader {
 public:
  // So many contents in one call of apply() are made durable together, by one syncfs, as a sync for
  // each would cost more than all that is unwritten elsewhere.
  static constexpr std::size_t kSyncTogether = 8;
  // So many messages an operator's verb takes at once: other changes come between.
  static constexpr std::size_t kVerbPortion = 500;
  // What operators did is kept so long, and no more of it than that.
  static constexpr std::chrono::hours kActsKept{90 * 24};
  static constexpr std::int64_t kMostActs = 100'000;
  // Opens or makes queue.db, and puts back to waiting what an earlier queued had under way. An
  // Error of kind corrupt: it is no database, or damaged; invalid: a newer release wrote it.
  static Result<std::unique_ptr<Store>> open(spool::Disk& disk, const spool::Paths& paths);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // All in one transaction: durable when it returns. After an error nothing changed in the
  // database; a crash may still bring back the transaction whose commit failed. Where one of the
  // changes is to blame: corrupt, the content of a Promote does not match its checksum; invalid, it
  // cannot be read, or the database does not take it.
  Result<void> apply(std::span<const Change> changes);

  // At most `limit` messages whose time has come, longest due first; they count as active until a
  // Reschedule or Remove.
  Result<Taken> take_due(WallTime now, std::size_t limit);
  // For each of the calls, in order, what is behind its destination, oldest first; they count as
  // active likewise. All in one transaction.
  Result<std::vector<Taken>> take_behind(std::span<const Call> calls, WallTime now);
  // When the next waiting message is due.
  Result<std::optional<WallTime>> next_due();

  // Does what an operator wants to the first kVerbPortion messages behind the id `after` that are
  // meant and not active, in one transaction. What its sender has held until later (FUTURERELEASE)
  // is not due before that when it is released.
  Result<Changed> carry_out(const Act& act, const std::string& after, WallTime now);
  // Erases what was deleted until `before`, a portion of it; `last_id` only says whether there may
  // be more. What was deleted later than `now`, by a clock that was ahead, was deleted now.
  Result<Changed> sweep(WallTime before, WallTime now);

  // Keeps what an operator is about to do for kActsKept; gives its number.
  Result<std::int64_t> begin_act(const ipc::Act& act);
  // Keeps that the destination is paused, and who did it; or that it no longer is.
  Result<void> pause(const Pause& pause, const ipc::Act& act);
  Result<void> resume(const std::string& destination, const ipc::Act& act);
  // It has ended: how many messages it was, and why no more.
  Result<void> end_act(std::int64_t number, std::uint64_t messages, const std::string& failure);

 private:
  struct Statements;
  Store(spool::Disk& disk, const spool::Paths& paths, sqlite::Database database, Fd deferred);

  enum class Synced { each, together };
  Result<void> commit(std::span<const Change> changes);
  Result<void> write_contents(std::span<const Change> changes);
  Result<void> write_content(const Promote& promote, Synced synced);
  Result<void> copy_content(const Promote& promote, int to);
  Result<void> apply_one(const Promote& promote);
  Result<void> apply_one(const Reschedule& reschedule);
  Result<void> apply_one(const MarkDelivered& mark);
  Result<void> apply_one(const Remove& remove);
  Result<void> insert_recipients(const MessageData& data);
  // Within a transaction.
  Result<Taken> take(sqlite::Statement& select, WallTime now, std::size_t limit);
  Result<void> set_aside(const std::string& id, const Error& error);
  // Whether it changed anything.
  Result<bool> carry_out(const Act& act, const std::string& id, sqlite::Statement& update,
                         WallTime now);
  Result<bool> route(const Act& act, const std::string& id);
  Result<std::int64_t> insert(const ipc::Act& act);
  Result<Changed> erase(const std::vector<std::string>& ids, std::string_view condition);

  Fd deferred_;  // the folder, open as long as this, so that no failed write of its files is missed
  std::unique_ptr<Statements> statements_;
};

}  // namespace postrider::queued
