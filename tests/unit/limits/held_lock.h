// held_lock.h - the files that processes share, seen from outside of them.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "common/base/check.h"
#include "common/base/fd.h"

namespace postrider::test {

// The lock of a SharedFile's header, as a process holds it that was stopped.
class HeldLock {
 public:
  explicit HeldLock(const std::string& path) : fd_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_len = 1;
    POSTRIDER_CHECK(::fcntl(fd_.get(), F_OFD_SETLK, &lock) == 0);
  }

 private:
  const Fd fd_;
};

// What the file system has set aside for the file.
inline std::uint64_t reserved_octets(const std::string& path) {
  struct stat status {};
  POSTRIDER_CHECK(::stat(path.c_str(), &status) == 0);
  return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

}  // namespace postrider::test
