// store.h - the old generation: queue.db and deferred/, for messages that outlived their first
// attempt. Blocks; one thread at a time (StoreThread's).
//
// The schedule is an index on next_attempt, so memory stays flat however many wait. A row's content
// is deferred/<xx>/<id>; a file without a row was left by a crash before the commit and is replaced
// when its message is promoted again. See common/spool/STATES.md.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "common/base/result.h"
#include "common/base/unique_function.h"
#include "common/ipc/messages.pb.h"
#include "common/spool/disk.h"
#include "common/spool/paths.h"
#include "common/sqlite/sqlite.h"
#include "queued/message.h"
#include "queued/store_reader.h"

namespace postrider::queued {

// `next_attempt` empty: held, until an operator releases it.
struct Schedule {
  std::optional<WallTime> next_attempt;
  WallTime expires;
  std::string hold_reason;
  std::string behind;  // the destination that may call for it before its time; empty: none
};

// A message of the young generation becomes one of the old.
struct Promote {
  MessageData data;
  Schedule schedule;
  SourcePtr source;  // where the content is now
  std::uint64_t offset = 0;
  bool large = false;  // it is Paths::large(id), which becomes the deferred file
};
// An attempt ended and did not finish it.
struct Reschedule {
  MessageData data;
  Schedule schedule;
};
// A recipient was delivered while others are still under way.
struct MarkDelivered {
  MessageId id;
  std::string address;
};
// All recipients have met their fate. The row goes first, then the file.
struct Remove {
  MessageId id;
};
using Change = std::variant<Promote, Reschedule, MarkDelivered, Remove>;

// Messages that become active, and whether there may be more of the kind.
struct Taken {
  std::vector<MessageData> messages;
  bool more = false;
};

// What an operator's verb has done to a portion of the messages.
struct Changed {
  std::uint64_t messages = 0;
  std::vector<MessageData> removed;  // for the log
  std::string last_id;               // pass it as `after`; empty: that was all
};

// It reads as well: what it has not committed yet included.
class Store : public StoreReader {
 public:
  // So many contents in one call of apply() are made durable together, by one syncfs, as a sync for
  // each would cost more than all that is unwritten elsewhere.
  static constexpr std::size_t kSyncTogether = 8;
  // So many messages an operator's verb takes at once: other changes come between.
  static constexpr std::size_t kVerbPortion = 500;
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
  // At most `limit` messages behind `destination`, oldest first; they count as active likewise.
  Result<Taken> take_behind(const std::string& destination, WallTime now, std::size_t limit);
  // When the next waiting message is due.
  Result<std::optional<WallTime>> next_due();

  // The operator's verbs, on all that wait or are held and match: on the first kVerbPortion behind
  // the id `after`, in one transaction.
  Result<Changed> hold(const ipc::Filter& filter, const std::string& after,
                       const std::string& reason);
  // What its sender has held until later (FUTURERELEASE) is due then.
  Result<Changed> release(const ipc::Filter& filter, const std::string& after, WallTime now);
  Result<Changed> retry(const ipc::Filter& filter, const std::string& after, WallTime now);
  // Rows and files are gone.
  Result<Changed> remove(const ipc::Filter& filter, const std::string& after);

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
  Result<Taken> take(sqlite::Statement& select, WallTime now, std::size_t limit);
  Result<void> set_aside(const std::string& id, const Error& error);
  Result<Changed> update_all(const ipc::Filter& filter, const std::string& after,
                             std::string_view sql, const std::string& reason,
                             UniqueFunction<Result<WallTime>(const std::string& id)> time_of);

  Fd deferred_;  // the folder, open as long as this, so that no failed write of its files is missed
  std::unique_ptr<Statements> statements_;
};

}  // namespace postrider::queued
