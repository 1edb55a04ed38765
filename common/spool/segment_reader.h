// segment_reader.h - reads a segment by cursor, as far as it is durable, and never trusts it.
//
// A record whose checksum is wrong is not an end: the reader looks for the next valid record and
// reports the octets between as Damage. Blocks; one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "common/base/clock.h"
#include "common/base/message_id.h"
#include "common/spool/disk.h"
#include "common/spool/envelope.pb.h"
#include "common/spool/paths.h"
#include "common/spool/record.h"

namespace postrider::spool {

class SegmentReader {
 public:
  // One message, checked: the envelope can be read and has a valid id.
  struct Record {
    std::uint64_t offset = 0;  // of the record, its name in the .done file
    std::uint64_t length = 0;  // of the record in the segment
    MessageId id;
    Envelope envelope;
    bool large = false;                // the content is the file Paths::large(id), from its start
    std::uint64_t content_offset = 0;  // in the segment; 0 for a large one
    std::uint64_t content_length = 0;
    std::uint64_t content_checksum = 0;
  };
  struct Seal {};    // the segment ends here and is whole
  struct NoMore {};  // nothing further below the limit
  struct Damage {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    bool tail = false;   // nothing valid follows below the limit
    bool blank = false;  // all zeros: space that was never written
    // A later batch was written when this was durable: its client was told so. False: it may be
    // what a crash left of the last batch.
    bool acknowledged = false;
    std::string reason;
    // What the envelope says, where the content alone is damaged.
    std::optional<Record> record;
  };
  using Step = std::variant<Record, Seal, NoMore, Damage>;

  // An Error of kind corrupt: the header cannot be read, so nothing of the segment can.
  static Result<std::unique_ptr<SegmentReader>> open(Disk& disk, const Paths& paths,
                                                     std::string name);
  SegmentReader(const SegmentReader&) = delete;
  SegmentReader& operator=(const SegmentReader&) = delete;

  // The next thing at the cursor, below `limit` octets. `verify_content` reads each content too:
  // for segments whose writer died, where the last batch may be torn. Read errors are temporary
  // and leave the cursor where it is.
  Result<Step> next(std::uint64_t limit, bool verify_content);

  const std::string& name() const noexcept { return name_; }
  WallTime created() const noexcept {
    return WallTime(std::chrono::microseconds(header_.created_us));
  }
  std::uint64_t salt() const noexcept { return header_.salt; }
  std::uint64_t cursor() const noexcept { return cursor_; }
  // For jobs: their content is read from it.
  int fd() const noexcept { return fd_.get(); }
  // The size of the file now.
  Result<std::uint64_t> size() const { return disk_.size(fd_.get()); }
  // Whether the writer is gone: its lock can be had.
  Result<bool> writer_is_gone() { return disk_.lock(fd_.get()); }

 private:
  // A record header that holds at its place, or why not.
  struct Found {
    RecordHeader header;
    std::string_view envelope;  // in buffer_, until the next read
  };

  SegmentReader(Disk& disk, std::string name, Fd fd, SegmentHeader header);

  // `length` octets at `offset`, from the buffer or the disk; fewer at the end of the file. What
  // is read ahead ends at `limit`.
  Result<std::string_view> bytes(std::uint64_t offset, std::size_t length, std::uint64_t limit);
  Result<Found> look(std::uint64_t offset, std::uint64_t limit);
  // The record at the cursor. An Error of kind corrupt: its envelope says nothing that can be used.
  Result<Record> parse(const Found& found) const;
  Result<bool> content_matches(const Record& record, std::uint64_t limit);
  // Over a record whose length is known to be right.
  Result<Step> pass_over(std::uint64_t length, std::uint64_t limit, std::string reason,
                         std::optional<Record> record);
  // Whether a record from `at` on says that all before it, `offset` included, was durable.
  Result<bool> was_durable(std::uint64_t offset, std::uint64_t at, std::uint64_t limit);
  // From after the bad record at the cursor to the next good one, or to the limit.
  Result<Step> skip_damage(std::uint64_t limit, std::string reason);

  Disk& disk_;
  std::string name_;
  Fd fd_;
  SegmentHeader header_;
  std::uint64_t cursor_ = kSegmentHeaderSize;
  std::string buffer_;
  std::uint64_t buffer_offset_ = 0;
};

}  // namespace postrider::spool
