// old_copy.h - the old generation of the spool into a backup: queue.db as it was at one moment, and
// the content of each of its messages. What was finished between the two is taken out of the copy.
// Blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/spool/disk.h"
#include "common/spool/paths.h"
#include "common/sqlite/snapshot.h"
#include "ctl/backup/draft.h"

namespace postrider::ctl::backup {

class OldCopy {
 public:
  // All outlive it.
  OldCopy(spool::Disk& disk, const spool::Paths& from, Draft& draft);
  OldCopy(const OldCopy&) = delete;
  OldCopy& operator=(const OldCopy&) = delete;

  // The moment of which queue.db will be. Where there is none, the next does nothing.
  Result<void> take_snapshot();
  // Lets the log of queue.db be short again as soon as it is copied.
  Result<void> copy();

 private:
  struct Row {
    std::string id;
    Octets content;
  };
  static constexpr std::size_t kPortion = 1000;

  bool hold_still();
  Result<bool> has_tables(sqlite::Access access);
  Result<void> copy_contents(sqlite::Database& copy);
  Result<std::vector<Row>> rows(sqlite::Statement& select, const std::string& after);
  // False: there is no such content, and no such message any more.
  Result<bool> copy_content(const Row& row);
  Result<bool> still_waits(const std::string& id);
  Result<void> make_folder_of(const MessageId& id);
  Result<void> note_database();

  spool::Disk& disk_;
  const spool::Paths& from_;
  Draft& draft_;
  std::optional<sqlite::Snapshot> snapshot_;
  std::optional<sqlite::Database> now_;  // queue.db, where it is asked again
  Fd lock_;                              // of a spool at rest, until queue.db is copied
  std::set<std::string> folders_;        // of deferred/, that were made
};

}  // namespace postrider::ctl::backup
