#include "common/maildir/unseen.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <utility>

#include "common/maildir/mailbox_lock.h"

namespace postrider::maildir {

namespace {

// Remembers whether there was a lock file before.
class LoginTime {
 public:
  explicit LoginTime(int maildir) : maildir_(maildir) {
    struct stat status {};
    was_there_ = ::fstatat(maildir, kLockName, &status, AT_SYMLINK_NOFOLLOW) == 0;
  }
  void keep() const {
    constexpr std::array<timespec, 2> kNever{};
    if (!was_there_)
      static_cast<void>(::utimensat(maildir_, kLockName, kNever.data(), AT_SYMLINK_NOFOLLOW) == 0);
  }

 private:
  int maildir_;
  bool was_there_ = false;
};

}  // namespace

Result<std::unique_ptr<Mailbox>> open_unseen(const Fd& maildir, WallTime now,
                                             const Remembrance& remembrance) {
  const LoginTime login(maildir.get());
  Fd own(::fcntl(maildir.get(), F_DUPFD_CLOEXEC, 0));
  if (!own) return fail_errno("Maildir", errno);
  auto opened = Mailbox::open(std::move(own), now, remembrance);
  if (opened && *opened) login.keep();
  return opened;
}

Result<Fd> lock_unseen(int maildir) {
  const LoginTime login(maildir);
  auto lock = lock_mailbox(maildir);
  if (lock && *lock) login.keep();
  return lock;
}

}  // namespace postrider::maildir
