#include "common/maildir/find.h"

#include <dirent.h>
#include <fcntl.h>

#include <cerrno>

#include "common/base/fd.h"
#include "common/base/handle.h"
#include "common/maildir/file_name.h"

namespace postrider::maildir {

Result<std::string> find_by_base(int at, const std::string& path, std::string_view base) {
  Fd fd(::openat(at, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return std::string();
  if (!fd) return fail_errno(path, errno);
  const Handle<DIR, &::closedir> entries(::fdopendir(fd.get()));
  if (!entries) return fail_errno(path, errno);
  static_cast<void>(fd.release());  // belongs to `entries` now
  errno = 0;
  while (const dirent* entry = ::readdir(entries.get()))
    if (same_message(base, FileName::parse(entry->d_name).base)) return std::string(entry->d_name);
  if (errno != 0) return fail_errno(path, errno);
  return std::string();
}

}  // namespace postrider::maildir
