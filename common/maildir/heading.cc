#include "common/maildir/heading.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "common/base/ascii.h"
#include "common/base/fd.h"
#include "common/message/header_scanner.h"

namespace postrider::maildir {

namespace {

constexpr std::size_t kBlock = 4096;

void keep(std::string& kept, std::string_view value) {
  if (kept.empty()) kept = value.substr(0, Heading::kMaxField);
}

}  // namespace

Result<Heading> read_heading(int at, const std::string& path) {
  const Fd file(::openat(at, path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return fail_errno(path, errno);
  Heading heading;
  message::HeaderScanner scanner([&](std::string_view name, std::string_view value) {
    if (equals_ignoring_case(name, "from")) keep(heading.from, value);
    if (equals_ignoring_case(name, "subject")) keep(heading.subject, value);
    if (equals_ignoring_case(name, "date")) keep(heading.date, value);
  });
  std::string chunk(kBlock, '\0');
  for (std::size_t read = 0; read < Heading::kMaxRead && !scanner.done();) {
    const ssize_t n = ::read(file.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(path, errno);
    if (n == 0) break;
    scanner.feed({chunk.data(), static_cast<std::size_t>(n)});
    read += static_cast<std::size_t>(n);
  }
  scanner.finish();
  return heading;
}

}  // namespace postrider::maildir
