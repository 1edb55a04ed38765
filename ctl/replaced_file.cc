#include "ctl/replaced_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "common/base/handle.h"
#include "common/base/write_all.h"

namespace postrider::ctl {

namespace {

Result<std::string> without_links(const std::string& path) {
  char resolved[PATH_MAX];
  if (::realpath(path.c_str(), resolved) == nullptr) return fail_errno(path, errno);
  return std::string(resolved);
}

bool is_same(const timespec& one, const timespec& other) {
  return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
}

Result<void> sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return fail_errno(folder, errno);
  return {};
}

}  // namespace

Result<ReplacedFile> ReplacedFile::open(const std::string& path, std::size_t most) {
  auto real = without_links(path);
  if (!real) return pass_on(real.error());
  Fd fd(::open(real->c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return fail_errno(path, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorKind::temporary, path + ": another command edits it; try again");
  ReplacedFile file(path, std::move(*real), std::move(fd));
  if (auto read = file.read(most); !read) return pass_on(read.error());
  return file;
}

Result<void> ReplacedFile::read(std::size_t most) {
  if (::fstat(fd_.get(), &status_) != 0) return fail_errno(name_, errno);
  if (!S_ISREG(status_.st_mode)) return fail(ErrorKind::invalid, name_ + ": is no file");
  text_.resize(most + 1);
  std::size_t size = 0;
  while (size < text_.size()) {
    const ssize_t n = ::read(fd_.get(), text_.data() + size, text_.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(name_, errno);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  text_.resize(size);
  if (size > most)
    return fail(ErrorKind::invalid, fmt::format("{}: has more than {} octets", name_, most));
  return {};
}

bool ReplacedFile::is_as_it_was() const {
  struct stat now {};
  return ::stat(path_.c_str(), &now) == 0 && now.st_ino == status_.st_ino &&
         now.st_dev == status_.st_dev && now.st_size == status_.st_size &&
         is_same(now.st_mtim, status_.st_mtim);
}

Result<void> ReplacedFile::write_beside(const std::string& path, const std::string& text) const {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return fail_errno(path, errno);
  if (const int error = write_all(fd.get(), text); error != 0) return fail_errno(path, error);
  // The owner first: who is not allowed to give it away must not widen its mode.
  const bool is_others = status_.st_uid != ::geteuid() || status_.st_gid != ::getegid();
  if (is_others && ::fchown(fd.get(), status_.st_uid, status_.st_gid) != 0)
    return fail(
        ErrorKind::invalid,
        fmt::format("{}: belongs to another user, whose it could not stay; run this as that "
                    "user, or as root",
                    name_));
  if (::fchmod(fd.get(), status_.st_mode & 07777U) != 0 || ::fsync(fd.get()) != 0)
    return fail_errno(path, errno);
  return {};
}

Result<void> ReplacedFile::replace(const std::string& text) {
  const std::string beside = fmt::format("{}.{}.new", path_, ::getpid());
  auto written = write_beside(beside, text);
  if (written && !is_as_it_was())
    written = fail(ErrorKind::temporary,
                   name_ + ": was changed meanwhile; nothing was changed, try again");
  if (written && ::rename(beside.c_str(), path_.c_str()) != 0) written = fail_errno(name_, errno);
  if (!written) {
    ::unlink(beside.c_str());
    return written;
  }
  return sync_folder_of(path_);
}

}  // namespace postrider::ctl
