// blocks.h - reads a file of lines block by block, each of whole lines. Blocks on the disk.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace postrider::trace {

class Blocks {
 public:
  // More octets than a line has.
  static constexpr std::size_t kBlock = 256U << 10U;

  // From that octet on, where a line begins. The descriptor outlives the object.
  Blocks(int fd, std::uint64_t from) noexcept : fd_(fd), at_(from) {}

  // Valid until the next call; empty: there is no further whole line now. What has a whole block
  // without a line break is none of ours, and given out as it is.
  Result<std::string_view> next();
  // Where the next block begins.
  std::uint64_t at() const noexcept { return at_; }

 private:
  const int fd_;
  std::uint64_t at_;
  std::string block_;
};

// Calls `take` with each line of `block`, without its line break.
template <typename Take>
void for_each_line(std::string_view block, Take take) {
  while (!block.empty()) {
    const std::size_t end = block.find('\n');
    take(block.substr(0, end));
    if (end == std::string_view::npos) return;
    block.remove_prefix(end + 1);
  }
}

}  // namespace postrider::trace
