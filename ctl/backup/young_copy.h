// young_copy.h - the young generation of the spool (common/spool/STATES.md) into a backup, while
// smtpd appends to it and queued finishes, promotes and removes.
//
// First what is finished (.done), then the records: whatever was finished before the first step is
// so in the copy, and of the rest the record is there, with the content of a large one. What ends
// between the two is in the copy as open, and is attempted again after a restore. Records come
// before queue.db: a message that is promoted meanwhile is in the copy of one of both or of both,
// never of none, and queued knows it again. All steps block.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/spool/disk.h"
#include "common/spool/done_file.h"
#include "common/spool/paths.h"
#include "common/spool/segment_reader.h"
#include "ctl/backup/draft.h"

namespace postrider::ctl::backup {

class YoungCopy {
 public:
  // All outlive it.
  YoungCopy(spool::Disk& disk, const spool::Paths& from, Draft& draft);

  // Before all else of the spool.
  Result<void> copy_done_files();
  // All segments; when it is called again, those that have grown or are new.
  Result<void> copy_segments();
  // Segments and large files that the last call but one has seen, or that were to be copied, and
  // that were gone at the last: what was added between the two is in no copy.
  std::uint64_t vanished() const noexcept { return vanished_; }
  // After the last of them.
  Result<void> note();

 private:
  struct Taken {
    std::optional<struct stat> segment, done;  // those that are copied
    std::uint64_t seen = 0;                    // octets of the segment then
    Octets octets;
    Remarks problems;  // of the copy
    bool is_gone = false;
  };
  struct Large {
    std::uint64_t record;
    MessageId id;
    Octets content;
  };
  // What a segment holds.
  struct Look {
    std::uint64_t end = 0;  // of the last whole record
    std::vector<Large> large;
    Remarks problems;
  };

  Result<std::vector<std::string>> segments();
  Result<void> copy_done(const std::string& segment);
  Result<void> copy_segment(const std::string& name);
  Result<void> copy_unread(const std::string& name, const Error& error);
  Result<void> copy_octets_of(const std::string& name, int fd, std::uint64_t end);
  Result<Look> look_through(spool::SegmentReader& reader, std::uint64_t size);
  Result<void> copy_large_files(const std::string& name, std::uint64_t salt,
                                const std::vector<Large>& large);
  Result<bool> copy_large(const Large& large);
  std::set<std::uint64_t> closed(const spool::Paths& paths, const std::string& name,
                                 std::uint64_t salt);
  bool has_ended(const std::string& name, std::uint64_t salt, std::uint64_t record);
  void forget(const std::string& name);
  void note_gone(Taken& taken);

  spool::Disk& disk_;
  const spool::Paths& from_;
  Draft& draft_;
  const spool::Paths to_;
  std::map<std::string, Taken> taken_;  // by the segment's name
  std::uint64_t vanished_ = 0;
};

}  // namespace postrider::ctl::backup
