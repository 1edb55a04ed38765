// old_copy.h - the old generation of the spool into a backup: queue.db as it was at one moment, and
// the content of each of its messages. Blocks.
//
// The contents take long, and a message that ends before its turn comes may leave a report that is
// younger than queue.db as it is copied. So most are copied before that moment, and where one is
// gone after it, the copy is made anew of a later moment (spool_copy.cc).
#pragma once

#include <cstdint>
#include <map>
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

  // The contents of what waits by now.
  Result<void> copy_contents();
  // The moment of which queue.db will be. Where there is none, the next two do nothing.
  Result<void> take_snapshot();
  // queue.db of that moment, in the place of an earlier copy, and the contents that lack; it lets
  // the log of queue.db be short again as soon as that is copied. Rows whose content went
  // meanwhile are taken out of the copy; how many.
  Result<std::uint64_t> copy();
  // After the last copy: what is in it is noted, and contents without a row go.
  Result<void> note();

 private:
  struct Row {
    std::string id;
    Octets content;
  };
  static constexpr std::size_t kPortion = 1000;

  enum class Content { copied, gone, lacking };  // lacking: and its row is there

  bool hold_still();
  Result<bool> has_tables(sqlite::Access access);
  // False: there is no queue.db to be asked as it is by now.
  Result<bool> open_now();
  template <typename Act>
  static Result<void> each_row(sqlite::Database& database, Act act);
  Result<std::uint64_t> copy_lacking(sqlite::Database& copy);
  Result<Content> copy_content(const Row& row);
  Result<bool> still_waits(const std::string& id);
  Result<void> make_folder_of(const MessageId& id);
  std::string path_of(const MessageId& id) const;
  void complain(const std::string& id, std::string problem);
  Result<void> drop_without_row(sqlite::Database& copy);
  Result<void> note_content(const Row& row);
  Result<void> note_database();

  spool::Disk& disk_;
  const spool::Paths& from_;
  Draft& draft_;
  std::optional<sqlite::Snapshot> snapshot_;
  std::optional<sqlite::Database> now_;   // queue.db, where it is asked again
  Fd lock_;                               // of a spool at rest, until queue.db is copied
  std::set<std::string> folders_;         // of deferred/, that were made
  std::map<std::string, Octets> others_;  // contents that are not what their row says, by its id
  std::set<std::string> complained_;      // ids of rows of which a problem is told
  bool copied_ = false;
};

}  // namespace postrider::ctl::backup
