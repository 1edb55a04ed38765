#include "common/maildir/rename_new.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace postrider::maildir {

int rename_new(int from_at, const std::string& from, int at, const std::string& to) noexcept {
  if (::renameat2(from_at, from.c_str(), at, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  return rename_by_link(from_at, from, at, to);
}

// Where the old name is refused to us, nothing is to have changed. After any other error it may be
// gone, as where NFS asks twice and hears ENOENT: then the new name may be the last.
int rename_by_link(int from_at, const std::string& from, int at, const std::string& to) noexcept {
  if (::linkat(from_at, from.c_str(), at, to.c_str(), 0) != 0) return errno;
  if (::unlinkat(from_at, from.c_str(), 0) == 0) return 0;
  const int error = errno;
  if (error == ENOENT) return 0;
  if (error == EACCES || error == EPERM || error == EROFS) ::unlinkat(at, to.c_str(), 0);
  return error;
}

}  // namespace postrider::maildir
