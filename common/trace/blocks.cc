#include "common/trace/blocks.h"

#include <unistd.h>

#include <cerrno>

#include "common/trace/line.h"

namespace postrider::trace {

static_assert(Blocks::kBlock > kMaxLine);

Result<std::string_view> Blocks::next() {
  block_.resize(kBlock);
  std::size_t size = 0;
  while (size < kBlock) {
    const ssize_t n =
        ::pread(fd_, block_.data() + size, kBlock - size, static_cast<off_t>(at_ + size));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("a file of the trace", errno);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  const std::string_view read(block_.data(), size);
  const std::size_t last = read.rfind('\n');
  const std::size_t whole = last != std::string_view::npos ? last + 1 : size == kBlock ? size : 0;
  at_ += whole;
  return read.substr(0, whole);
}

}  // namespace postrider::trace
