// promoted.h - asks queue.db, from the loop's thread, whether a message is in the old generation.
//
// Only recovery asks: where a .done entry was lost with the power, the row says that the message
// was promoted. A connection of its own, as the Store belongs to its thread.
#pragma once

#include "common/base/message_id.h"
#include "common/base/result.h"
#include "common/spool/paths.h"
#include "common/sqlite/sqlite.h"

namespace postrider::queued {

class Promoted {
 public:
  // The Store has made the file before.
  static Result<Promoted> open(const spool::Paths& paths);

  Result<bool> contains(const MessageId& id);
  // Whether that has found queue.db damaged.
  bool damaged() const noexcept { return database_.damaged(); }

 private:
  Promoted(sqlite::Database database, sqlite::Statement find)
      : database_(std::move(database)), find_(std::move(find)) {}

  sqlite::Database database_;
  sqlite::Statement find_;
};

}  // namespace postrider::queued
