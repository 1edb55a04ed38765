// write_all.h - writes octets to a file, however many calls the kernel takes for it.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace postrider {

// At the file's position; blocks. The errno, after which a part may be written, or 0.
inline int write_all(int fd, std::string_view octets) noexcept {
  while (!octets.empty()) {
    const ssize_t n = ::write(fd, octets.data(), octets.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    octets.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

}  // namespace postrider
