// store_reader.h - what can be seen of the old generation: lists, sums, contents. Blocks; one
// thread at a time.
//
// A StoreReader beside the Store has a connection of its own: it sees what was committed when it
// was asked, and keeps no one who writes waiting, however much it reads.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/ipc/messages.pb.h"
#include "common/spool/disk.h"
#include "common/spool/paths.h"
#include "common/sqlite/sqlite.h"
#include "queued/ages.h"
#include "queued/message.h"
#include "queued/pause.h"
#include "queued/selection.h"

namespace postrider::queued {

// How many messages wait for a destination to call for them.
struct Backlog {
  std::string destination;
  std::uint64_t messages = 0;
};

// A part of a list, and where the next part begins.
struct Portion {
  std::vector<ipc::QueuedMessage> messages;
  std::vector<std::string> active;  // ids that are meant as well: the queue has, or had, them
  std::string last_id;              // pass it as `after`; empty: that was all
};

// A message's content, for an operator.
struct StoredContent {
  MessageData data;
  Fd fd;
};

struct Counts {
  std::uint64_t deferred = 0;
  std::uint64_t held = 0;
  std::int64_t oldest_us = 0;  // arrival; 0: none
  std::uint64_t deleted = 0;   // which can be undone
  std::uint64_t deleted_octets = 0;
};

class StoreReader {
 public:
  // Messages that list() gives in one portion.
  static constexpr std::size_t kPortion = 200;
  // Reasons that summarize() tells apart.
  static constexpr std::size_t kReasons = 50'000;
  // Rows that summarize() gives, those of the most messages, beside one a state for all others.
  static constexpr std::size_t kSummaryRows = 500;
  // Messages that one portion looks at: a filter that means few of many keeps nobody waiting.
  static constexpr std::size_t kLook = 5'000;

  // The Store has made the file before.
  static Result<std::unique_ptr<StoreReader>> open(spool::Disk& disk, const spool::Paths& paths);
  ~StoreReader();
  StoreReader(const StoreReader&) = delete;
  StoreReader& operator=(const StoreReader&) = delete;

  // Whether queue.db was found damaged since it was opened: nothing of it can be relied on.
  bool damaged() const noexcept { return database_.damaged(); }

  // An operator wants to see it.
  Result<StoredContent> open_content(const MessageId& id);

  // Messages that are meant, by id after `after`, at most kPortion; of the active ones the ids.
  Result<Portion> list(const Selection& selection, const std::string& after);
  Result<Counts> count();
  // What waits or is held, by domain, state and reason. One pass over all of it.
  Result<std::vector<ipc::SummaryRow>> summarize();
  // What operators did, newest first, at most `limit`.
  Result<std::vector<ipc::Act>> acts(std::size_t limit);
  // How old what waits and what is held is.
  struct Ages {
    AgeCounts deferred{};
    AgeCounts held{};
  };
  Result<Ages> ages(WallTime now);
  // The destinations that are paused.
  Result<std::vector<Pause>> pauses();
  // The destinations with messages behind them, at most `limit`.
  Result<std::vector<Backlog>> behind(std::size_t limit);

 protected:
  struct Stored {
    MessageData data;
    MessageState state = MessageState::deferred;
    std::int64_t next_attempt_us = 0;
    std::int64_t expires_us = 0;
    std::string hold_reason;
    std::int64_t deleted_us = 0;
  };
  // Ids, and where the next part begins.
  struct Selected {
    std::vector<std::string> ids;
    std::string last_id;  // pass it as `after`; empty: that was all
  };

  StoreReader(spool::Disk& disk, const spool::Paths& paths, sqlite::Database database);
  // Once, before load().
  Result<void> prepare();

  // An Error of kind corrupt: its row cannot be read, or it has no recipients.
  Result<Stored> load(const std::string& id);
  // Of the messages behind the id `after` those that are meant, active ones too, in the order of
  // their ids: at most `limit`, among the next kLook.
  Result<Selected> select(const Selection& selection, const std::string& after, std::size_t limit);

  spool::Disk& disk_;
  const spool::Paths paths_;
  sqlite::Database database_;

 private:
  Result<Stored> read(const std::string& id, const sqlite::Statement& row);
  Result<std::vector<Recipient>> read_recipients(const std::string& id);
  Result<bool> means(const Selection& selection, const sqlite::Statement& row);

  std::optional<sqlite::Statement> load_;
  std::optional<sqlite::Statement> load_recipients_;
};

}  // namespace postrider::queued
