#include "common/maildir/rename_new.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>

#include "common/base/fd.h"

namespace postrider::maildir {

namespace {

// "new/" of "new/x", "./" of "x".
std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "./" : path.substr(0, slash + 1);
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_same_file(int a_at, const std::string& a, int b_at, const std::string& b) {
  struct stat one {};
  struct stat other {};
  return ::fstatat(a_at, a.c_str(), &one, AT_SYMLINK_NOFOLLOW) == 0 &&
         ::fstatat(b_at, b.c_str(), &other, AT_SYMLINK_NOFOLLOW) == 0 &&
         one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool in_one_folder(int a_at, const std::string& a, int b_at, const std::string& b) {
  return is_same_file(a_at, folder_of(a), b_at, folder_of(b));
}

// The errno, or 0.
int sync_folder(int at, const std::string& path) {
  const Fd folder(::openat(at, folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder && ::fsync(folder.get()) == 0 ? 0 : errno;
}

// Removes the name that was just given, unless it is the file's last, or nobody knows. The server
// is asked: what an NFS client remembers of the names may be from before.
bool take_back(int at, const std::string& to) {
  struct statx status {};
  if (::statx(at, to.c_str(), AT_SYMLINK_NOFOLLOW | AT_STATX_FORCE_SYNC, STATX_NLINK, &status) !=
          0 ||
      (status.stx_mask & STATX_NLINK) == 0 || status.stx_nlink < 2)
    return false;
  return ::unlinkat(at, to.c_str(), 0) == 0;
}

}  // namespace

int rename_new(int from_at, const std::string& from, int at, const std::string& to) noexcept {
  if (::renameat2(from_at, from.c_str(), at, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  return rename_by_link(from_at, from, at, to);
}

int rename_by_link(int from_at, const std::string& from, int at, const std::string& to) noexcept {
  const bool stays = in_one_folder(from_at, from, at, to);
  if (::linkat(from_at, from.c_str(), at, to.c_str(), 0) != 0) {
    if (errno != EEXIST) return errno;
    // Who did this before died after it, or NFS has repeated the call.
    if (!is_same_file(from_at, from, at, to) || (stays && name_of(from) == name_of(to)))
      return EEXIST;
  }
  // Two folders may become durable in any order: the message is rather in both.
  if (const int error = stays ? 0 : sync_folder(at, to); error != 0) {
    take_back(at, to);
    return error;
  }
  if (::unlinkat(from_at, from.c_str(), 0) == 0) return 0;
  const int error = errno;
  // Another program has renamed it meanwhile; or NFS has asked twice, and this is the last name.
  if (error == ENOENT) return take_back(at, to) ? ENOENT : 0;
  if (error == EACCES || error == EPERM || error == EROFS) take_back(at, to);
  return error;
}

}  // namespace postrider::maildir
