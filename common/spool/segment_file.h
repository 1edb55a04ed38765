// segment_file.h - a segment while it is being written. Blocks; one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/spool/disk.h"
#include "common/spool/paths.h"
#include "common/spool/record.h"

namespace postrider::spool {

// What one record is made of. The views live until append() returns.
struct NewRecord {
  RecordKind kind = RecordKind::message;
  std::string_view envelope;
  std::string_view content;  // kind message
  std::uint64_t content_length = 0;
  std::uint64_t content_checksum = 0;
};

class SegmentFile {
 public:
  // Makes, locks and syncs incoming/<writer>-<microseconds>.seg; under that name it is locked and
  // has its header from the first moment.
  static Result<std::unique_ptr<SegmentFile>> create(Disk& disk, const Paths& paths,
                                                     std::string_view writer, WallTime now,
                                                     std::uint64_t salt);
  SegmentFile(const SegmentFile&) = delete;
  SegmentFile& operator=(const SegmentFile&) = delete;

  // Appends all records and syncs once. After an error nothing of them counts: the file is cut back
  // to what was durable, unless needs_cut() says that this failed too; and failed() says whether it
  // may still be used.
  Result<void> append(const std::vector<NewRecord>& records);

  // Cuts the file back to what was durable, and makes that durable. While it fails, the object must
  // live on: its lock keeps queued from taking the file as it stands, refused records and all.
  Result<void> cut();

  // The last record: nothing will follow. Call at most once.
  Result<void> seal();

  const std::string& name() const noexcept { return name_; }
  std::uint64_t durable() const noexcept { return durable_; }
  WallTime created() const noexcept { return created_; }
  // True after a sync that failed, or a cut that failed: what the disk holds is not known, so the
  // segment takes no more records.
  bool failed() const noexcept { return failed_; }
  bool needs_cut() const noexcept { return needs_cut_; }

 private:
  SegmentFile(Disk& disk, std::string name, Fd fd, WallTime created, std::uint64_t salt);
  Result<void> write(std::vector<iovec>& parts);

  Disk& disk_;
  std::string name_;
  Fd fd_;  // holds the lock that tells a living writer from a dead one
  WallTime created_;
  std::uint64_t salt_;
  std::uint64_t durable_ = kSegmentHeaderSize;
  std::uint64_t records_ = 0;
  bool failed_ = false;
  bool needs_cut_ = false;
};

}  // namespace postrider::spool
