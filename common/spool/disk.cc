#include "common/spool/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "common/base/handle.h"

namespace postrider::spool {

namespace {

// Parts that one writev() takes (IOV_MAX).
constexpr std::size_t kMaxParts = 1024;

// smtpd and queued, which may be different users, share the spool by its group. Others are kept out
// by the mode of the folder above (etc/tmpfiles.d), and by that of an instance.
constexpr mode_t kFileMode = 0660;
constexpr mode_t kFolderMode = 0770;

// Drops `n` octets from the front of `parts`.
std::span<iovec> skip(std::span<iovec> parts, std::size_t n) {
  while (!parts.empty() && n >= parts.front().iov_len) {
    n -= parts.front().iov_len;
    parts = parts.subspan(1);
  }
  if (n > 0) {
    parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + n;
    parts.front().iov_len -= n;
  }
  return parts;
}

Result<void> outcome(int status, std::string_view what) {
  if (status != 0) return fail_errno(what, errno);
  return {};
}

class SystemDisk final : public Disk {
 public:
  Result<Fd> open(const std::string& path, Mode mode) override {
    int flags = O_CLOEXEC;
    // A FIFO that stands in the place of a file is waited for by nobody.
    if (mode == Mode::read) flags |= O_RDONLY | O_NONBLOCK;
    if (mode == Mode::create_new) flags |= O_RDWR | O_APPEND | O_CREAT | O_EXCL;
    if (mode == Mode::append) flags |= O_RDWR | O_APPEND | O_CREAT;
    if (mode == Mode::overwrite) flags |= O_RDWR | O_CREAT;
    Fd fd(::open(path.c_str(), flags, kFileMode));
    if (!fd) return fail_errno(path, errno);
    return fd;
  }

  Result<void> append(int fd, std::span<iovec> parts) override {
    parts = skip(parts, 0);
    while (!parts.empty()) {
      const auto count = static_cast<int>(std::min(parts.size(), kMaxParts));
      const ssize_t n = ::writev(fd, parts.data(), count);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail_errno("write", errno);
      parts = skip(parts, static_cast<std::size_t>(n));
    }
    return {};
  }

  Result<std::size_t> read(int fd, std::uint64_t offset, std::span<char> to) override {
    std::size_t done = 0;
    while (done < to.size()) {
      const ssize_t n =
          ::pread(fd, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail_errno("read", errno);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  Result<std::uint64_t> size(int fd) override {
    struct stat status {};
    if (::fstat(fd, &status) != 0) return fail_errno("stat", errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

  Result<void> truncate(int fd, std::uint64_t size) override {
    return outcome(::ftruncate(fd, static_cast<off_t>(size)), "truncate");
  }

  Result<void> sync(int fd) override { return outcome(::fdatasync(fd), "fdatasync"); }

  Result<void> sync_file_system(int fd) override { return outcome(::syncfs(fd), "syncfs"); }

  Result<void> sync_directory(const std::string& directory) override {
    const Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return fail_errno(directory, errno);
    return outcome(::fsync(fd.get()), directory);
  }

  Result<void> link(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) == 0 || errno == EEXIST) return {};
    return fail_errno(fmt::format("{} to {}", from, to), errno);
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    return outcome(::rename(from.c_str(), to.c_str()), fmt::format("{} to {}", from, to));
  }

  Result<void> remove(const std::string& path) override {
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    return fail_errno(path, errno);
  }

  Result<void> make_directory(const std::string& path) override {
    if (::mkdir(path.c_str(), kFolderMode) == 0 || errno == EEXIST) return {};
    return fail_errno(path, errno);
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    const Handle<DIR, &::closedir> entries(::opendir(directory.c_str()));
    if (!entries) return fail_errno(directory, errno);
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(entries.get()))
      if (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN) names.emplace_back(entry->d_name);
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<std::uint64_t> free_space(const std::string& directory) override {
    struct statvfs status {};
    if (::statvfs(directory.c_str(), &status) != 0) return fail_errno(directory, errno);
    return std::uint64_t{status.f_bavail} * status.f_frsize;
  }

  Result<bool> same_file(const std::string& one, const std::string& other) override {
    struct stat of_one {};
    struct stat of_other {};
    if (::stat(one.c_str(), &of_one) != 0 || ::stat(other.c_str(), &of_other) != 0) {
      if (errno == ENOENT) return false;
      return fail_errno(fmt::format("{} and {}", one, other), errno);
    }
    return of_one.st_dev == of_other.st_dev && of_one.st_ino == of_other.st_ino;
  }

  Result<bool> lock(int fd) override {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno == EWOULDBLOCK) return false;
    return fail_errno("flock", errno);
  }
};

}  // namespace

Disk& system_disk() {
  static SystemDisk disk;
  return disk;
}

}  // namespace postrider::spool
