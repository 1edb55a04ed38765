#include "common/maildir/find.h"

#include <dirent.h>
#include <fcntl.h>

#include "common/base/fd.h"
#include "common/base/handle.h"
#include "common/maildir/file_name.h"

namespace postrider::maildir {

std::string find_by_base(int at, const std::string& path, std::string_view base) {
  Fd fd(::openat(at, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return {};
  const Handle<DIR, &::closedir> entries(::fdopendir(fd.get()));
  if (!entries) return {};
  static_cast<void>(fd.release());  // belongs to `entries` now
  while (const dirent* entry = ::readdir(entries.get()))
    if (same_message(base, FileName::parse(entry->d_name).base)) return entry->d_name;
  return {};
}

}  // namespace postrider::maildir
