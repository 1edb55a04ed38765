// intake_segment.h - a segment that Intake reads, and what is known of it.
#pragma once

#include <optional>

#include "queued/intake.h"

namespace postrider::queued {

struct Intake::Segment {
  Segment(spool::Disk& disk, const spool::Paths& paths, std::unique_ptr<spool::SegmentReader> r)
      : reader(std::move(r)), done(disk, paths, reader->name(), reader->salt()) {}

  std::unique_ptr<spool::SegmentReader> reader;
  spool::DoneFile done;
  std::vector<spool::DoneEntry> entries;  // to be appended
  bool sync_entries = false;
  bool needs_entries = false;     // without them a segment that came back would do harm
  std::uint64_t limit = 0;        // octets that may be read
  bool complete = false;          // nothing will be added below or above `limit`
  bool earlier = false;           // an earlier queued may have attempted what is in it
  bool unverified = false;        // its writer died: the last batch may be torn
  std::uint64_t open = 0;         // messages taken in and not finished
  std::vector<MessageId> unlink;  // whose large files go once their entry is written
  std::unordered_set<std::uint64_t> finished;  // of an earlier life, by record
  std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> delivered;
  // Read, and held back until it can be asked whether it is in the old generation.
  std::optional<spool::SegmentReader::Step> doubtful;
  bool waits_for_look = false;  // it could not be read: the next look tries again
  SourcePtr source;

  // Nothing more can be read of it now.
  bool is_read() const { return !doubtful && reader->cursor() >= limit; }
};

}  // namespace postrider::queued
