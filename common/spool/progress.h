// progress.h - how far a segment is durable: what its writer tells queued.
#pragma once

#include <cstdint>
#include <string>

namespace postrider::spool {

struct SegmentProgress {
  std::string segment;        // file name in incoming/; empty: no segment yet
  std::uint64_t durable = 0;  // octets from the start of the file
  bool sealed = false;        // nothing will be added
};

}  // namespace postrider::spool
