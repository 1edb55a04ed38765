// spool_check.h - looks at one thing in the spool and says what is wrong with it. It changes
// nothing.
//
// A spool in use changes under the look: what is found wrong is to be looked at once more before it
// is believed (spool_walk.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/spool/disk.h"
#include "common/spool/paths.h"
#include "common/spool/segment_reader.h"
#include "ctl/verify/finding.h"
#include "ctl/verify/queue_rows.h"
#include "ctl/verify/record_index.h"

namespace postrider::ctl {

enum class SubjectKind : std::uint8_t {
  segment,
  done_file,           // of a segment, which may be gone
  unfinished_segment,  // "….seg.new"
  orphan,              // a large file without a record
  row,                 // of queue.db, with its content
  deferred_file,       // content, with its row; "xx/ID"
};
struct Subject {
  SubjectKind kind;
  std::string name;
};

// What was looked at.
struct SpoolCounts {
  std::uint64_t segments = 0;
  std::uint64_t records = 0;
  std::uint64_t open = 0;  // records whose messages are neither finished nor promoted
  std::uint64_t large_files = 0;
  std::uint64_t rows = 0;
  std::uint64_t deferred_files = 0;
  std::uint64_t octets = 0;  // of content
  std::uint64_t quarantined = 0;
};

class SpoolCheck {
 public:
  // All outlive it. `rows` empty: there is no queue.db that can be read, so nothing is said of
  // rows.
  SpoolCheck(spool::Disk& disk, const spool::Paths& paths, RecordIndex& index,
             std::optional<QueueRows>& rows)
      : disk_(disk), paths_(paths), index_(index), rows_(rows) {}

  // An Error: the check itself cannot go on.
  Result<SpoolFindings> look(const Subject& subject, SpoolCounts& counts);

 private:
  // A look at one segment.
  class SegmentLook;

  Result<SpoolFindings> look_at_done_file(const std::string& name);
  Result<SpoolFindings> look_at_unfinished(const std::string& name);
  Result<SpoolFindings> look_at_orphan(const std::string& name);
  Result<SpoolFindings> look_at_row(const std::string& id, SpoolCounts& counts);
  Result<SpoolFindings> look_at_deferred(const std::string& name, SpoolCounts& counts);
  bool exists(const std::string& path);

  spool::Disk& disk_;
  const spool::Paths& paths_;
  RecordIndex& index_;
  std::optional<QueueRows>& rows_;
};

// Whether a process holds the lock of the file: its writer, or for queued.lock a queued.
bool is_locked(spool::Disk& disk, const std::string& path);

}  // namespace postrider::ctl
