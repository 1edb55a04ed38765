// finding.h - one thing that is wrong with a spool: what, where, and how to mend it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::ctl {

enum class FindingKind : std::uint8_t {
  segment_unreadable,
  segment_damaged,
  segment_newer,
  record_damaged,
  record_torn,
  record_twice,
  done_unreadable,
  done_damaged,
  done_newer,
  done_without_record,
  done_without_segment,
  segment_unfinished,
  large_missing,
  large_damaged,
  large_without_record,
  database_unreadable,
  database_damaged,
  database_newer,
  row_damaged,
  row_without_content,
  content_damaged,
  content_without_row,
  foreign_file,
};

struct FindingText {
  std::string_view word;  // stable: scripts read it
  std::string_view mend;
};
const FindingText& text_of(FindingKind kind) noexcept;

struct Finding {
  FindingKind kind;
  std::string where;  // a file, or a place in it: "FILE@OFFSET", "queue.db row ID"
  std::string id;     // of the message, where it is known
  std::string reason;

  // The same thing, found again.
  bool same_as(const Finding& other) const noexcept {
    return kind == other.kind && where == other.where;
  }
};
using SpoolFindings = std::vector<Finding>;

}  // namespace postrider::ctl
