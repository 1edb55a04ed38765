#include "common/base/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace postrider {

Result<Fd> open_regular_file(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd && errno != ELOOP) return fail_errno(path, errno);
  struct stat status {};
  if (fd && ::fstat(fd.get(), &status) != 0) return fail_errno(path, errno);
  if (!fd || !S_ISREG(status.st_mode))
    return fail(ErrorKind::invalid, path + ": is no regular file");
  return fd;
}

}  // namespace postrider
