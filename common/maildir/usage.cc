#include "common/maildir/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "common/base/fd.h"
#include "common/base/handle.h"
#include "common/maildir/file_name.h"

namespace postrider::maildir {

namespace {

std::uint64_t size_of(int folder, const char* name, const FileName& parsed) {
  if (parsed.size) return *parsed.size;
  struct stat status {};
  const bool is_file =
      ::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
  return is_file ? static_cast<std::uint64_t>(status.st_size) : 0;
}

Result<std::uint64_t> usage_of_folder(int at, const std::string& path, std::string_view but) {
  Fd fd(::openat(at, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return std::uint64_t{0};
  if (!fd) return fail_errno(path, errno);
  const Handle<DIR, &::closedir> entries(::fdopendir(fd.get()));
  if (!entries) return fail_errno(path, errno);
  const int folder = fd.release();  // belongs to `entries` now
  std::uint64_t octets = 0;
  errno = 0;
  while (const dirent* entry = ::readdir(entries.get())) {
    const FileName parsed = FileName::parse(entry->d_name);
    if (entry->d_name[0] != '.' && !same_message(but, parsed.base))
      octets += size_of(folder, entry->d_name, parsed);
    errno = 0;
  }
  if (errno != 0) return fail_errno(path, errno);
  return octets;
}

}  // namespace

Result<std::uint64_t> usage(int mail_directory, const std::string& mailbox_path,
                            std::string_view but) {
  std::uint64_t octets = 0;
  for (const char* folder : {"/new", "/cur"}) {
    const auto of_folder = usage_of_folder(mail_directory, mailbox_path + folder, but);
    if (!of_folder) return of_folder;
    octets += *of_folder;
  }
  return octets;
}

}  // namespace postrider::maildir
