#include "common/maildir/mailbox_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include <fmt/format.h>

namespace postrider::maildir {

namespace {

// How often the file may be replaced while it is being locked.
constexpr int kTries = 8;

Result<bool> take(int fd) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) return false;
    return fail_errno(kLockName, errno);
  }
  return true;
}

// Whether the file is still the one of its name: who deletes or replaces a lock file leaves us with
// a lock that excludes nobody.
bool is_current(int maildir, int fd) {
  struct stat ours {};
  struct stat named {};
  return ::fstat(fd, &ours) == 0 &&
         ::fstatat(maildir, kLockName, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

}  // namespace

Result<Fd> lock_mailbox(int maildir) {
  for (int i = 0; i < kTries; ++i) {
    Fd file(::openat(maildir, kLockName, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return fail_errno(kLockName, errno);
    const auto taken = take(file.get());
    if (!taken) return pass_on(taken.error());
    if (!*taken) return Fd();
    if (is_current(maildir, file.get())) return file;
  }
  return fail(ErrorKind::temporary,
              fmt::format("{}: is replaced again and again; to mend it, see which program does so",
                          kLockName));
}

bool is_in_use(int maildir) noexcept {
  const Fd file(::openat(maildir, kLockName, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  return file && ::flock(file.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace postrider::maildir
