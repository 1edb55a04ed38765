#include "common/maildir/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "common/base/fd.h"
#include "common/base/handle.h"
#include "common/maildir/file_name.h"

namespace postrider::maildir {

namespace {

// None: it is no message.
std::optional<std::uint64_t> size_of(int folder, const char* name, const FileName& parsed) {
  if (parsed.size) return *parsed.size;
  struct stat status {};
  const bool is_file =
      ::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
  return is_file ? std::optional(static_cast<std::uint64_t>(status.st_size)) : std::nullopt;
}

Result<void> add_folder(int at, const std::string& path, std::string_view base, Usage& to) {
  Fd fd(::openat(at, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return {};
  if (!fd) return fail_errno(path, errno);
  const Handle<DIR, &::closedir> entries(::fdopendir(fd.get()));
  if (!entries) return fail_errno(path, errno);
  const int folder = fd.release();  // belongs to `entries` now
  errno = 0;
  while (const dirent* entry = ::readdir(entries.get())) {
    const FileName parsed = FileName::parse(entry->d_name);
    if (same_message(base, parsed.base)) {
      to.holds = true;
    } else if (entry->d_name[0] != '.') {
      if (const auto size = size_of(folder, entry->d_name, parsed)) {
        to.octets += std::min(*size, std::numeric_limits<std::uint64_t>::max() - to.octets);
        ++to.messages;
      }
    }
    errno = 0;
  }
  if (errno != 0) return fail_errno(path, errno);
  return {};
}

}  // namespace

Result<Usage> usage(int mail_directory, const std::string& mailbox_path, std::string_view base) {
  Usage all;
  for (const char* folder : {"/new", "/cur"})
    if (auto added = add_folder(mail_directory, mailbox_path + folder, base, all); !added)
      return pass_on(std::move(added.error()));
  return all;
}

std::optional<ChangeTimes> change_times(int mail_directory, const std::string& mailbox_path) {
  const auto changed = [&](const char* folder) -> std::optional<std::int64_t> {
    struct stat status {};
    if (::fstatat(mail_directory, (mailbox_path + folder).c_str(), &status, 0) != 0)
      return std::nullopt;
    return std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  };
  const auto in_new = changed("/new");
  const auto in_cur = changed("/cur");
  if (!in_new || !in_cur) return std::nullopt;
  return ChangeTimes{*in_new, *in_cur};
}

}  // namespace postrider::maildir
