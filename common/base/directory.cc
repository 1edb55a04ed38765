#include "common/base/directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/base/fd.h"

namespace postrider {

namespace {

// Also where the folder was there: who made it may not have come to this. A parent that we may not
// read is another's, and so is the care for the names in it.
Result<void> sync_name(const std::string& path) {
  const Fd parent(::open((path + "/..").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent && errno == EACCES) return {};
  if (!parent || ::fsync(parent.get()) != 0) return fail_errno(path, errno);
  return {};
}

}  // namespace

Result<void> require_writable_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return sync_name(path);
  if (errno != EEXIST) return fail_errno(path, errno);
  // The dot, so that a file of that name is told from a folder.
  const std::string inside = path + "/.";
  if (::faccessat(AT_FDCWD, inside.c_str(), W_OK | X_OK, AT_EACCESS) == 0) return sync_name(path);
  return fail_errno(path, errno);
}

}  // namespace postrider
