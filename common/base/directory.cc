#include "common/base/directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace postrider {

Result<void> require_writable_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  if (errno != EEXIST) return fail_errno(path, errno);
  // The dot, so that a file of that name is told from a folder.
  const std::string inside = path + "/.";
  if (::faccessat(AT_FDCWD, inside.c_str(), W_OK | X_OK, AT_EACCESS) == 0) return {};
  return fail_errno(path, errno);
}

}  // namespace postrider
