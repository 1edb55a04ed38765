#include "tests/crash/recorder.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "common/base/check.h"

namespace postrider::crash {

namespace {

using Kind = Operation::Kind;

int failed_with(int error) {
  errno = error;
  return -1;
}

std::string joined(std::span<const iovec> parts) {
  std::string bytes;
  for (const iovec& part : parts)
    bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
  return bytes;
}

// Where the next octets of `fd` go.
off_t position_of(int fd, const struct stat& status) {
  const bool appends = (::fcntl(fd, F_GETFL) & O_APPEND) != 0;
  return appends ? status.st_size : ::lseek(fd, 0, SEEK_CUR);
}

}  // namespace

bool can_end_with(Call call, int error) noexcept {
  switch (call) {
    case Call::open: return error == EMFILE || error == EIO;
    case Call::create: return error == EMFILE || error == EIO || error == ENOSPC;
    case Call::write: return error != EMFILE;
    case Call::truncate:
    case Call::sync:
    case Call::read: return error == EIO;
    case Call::remove: return error == EIO || error == ENOENT || error == EACCES;
    case Call::name: return error == EIO || error == ENOSPC;
  }
  return false;
}

Recorder& Recorder::instance() {
  static Recorder recorder;
  return recorder;
}

void Recorder::begin(const std::string& root) {
  const std::lock_guard lock(mutex_);
  struct stat status {};
  POSTRIDER_CHECK(::stat(root.c_str(), &status) == 0);
  device_ = status.st_dev;
  known_ = {status.st_ino};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    struct stat of_entry {};
    POSTRIDER_CHECK(::stat(entry.path().c_str(), &of_entry) == 0);
    known_.insert(of_entry.st_ino);
  }
  history_ = {.root = status.st_ino};
  calls_.clear();
  fault_.reset();
  active_ = true;
}

void Recorder::take_no_replace(bool takes) {
  const std::lock_guard lock(mutex_);
  takes_no_replace_ = takes;
}

History Recorder::end() {
  const std::lock_guard lock(mutex_);
  active_ = false;
  return std::exchange(history_, {});
}

std::size_t Recorder::position() const {
  const std::lock_guard lock(mutex_);
  return history_.operations.size();
}

std::vector<Call> Recorder::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

void Recorder::set_fault(const Fault& fault) {
  const std::lock_guard lock(mutex_);
  failed_at_.reset();
  fault_ = fault;
}

void Recorder::heal() {
  const std::lock_guard lock(mutex_);
  fault_.reset();
}

std::optional<std::size_t> Recorder::failed_at() const {
  const std::lock_guard lock(mutex_);
  return failed_at_;
}

std::optional<Recorder::Place> Recorder::place_of(int at, const char* path) const {
  const std::string whole(path);
  const std::size_t slash = whole.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : whole.substr(0, slash + 1);
  struct stat status {};
  if (::fstatat(at, directory.c_str(), &status, 0) != 0) return std::nullopt;
  if (status.st_dev != device_ || !known_.contains(status.st_ino)) return std::nullopt;
  return Place{status.st_ino, slash == std::string::npos ? whole : whole.substr(slash + 1)};
}

std::optional<struct stat> Recorder::status_of(int fd) const {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || status.st_dev != device_ || !known_.contains(status.st_ino))
    return std::nullopt;
  return status;
}

std::optional<int> Recorder::fault_of(Call call) {
  const std::size_t number = calls_.size();
  calls_.push_back(call);
  if (!fault_ || number < fault_->call || !can_end_with(call, fault_->error)) return std::nullopt;
  const int error = fault_->error;
  if (!failed_at_) failed_at_ = history_.operations.size();
  if (!fault_->lasting) fault_.reset();
  return error;
}

int Recorder::open(int at, const char* path, int flags, mode_t mode) {
  const std::lock_guard lock(mutex_);
  const auto kernel = [&] {
    return static_cast<int>(::syscall(SYS_openat, at, path, flags, mode));
  };
  const auto place = place_of(at, path);
  if (!place) return kernel();
  struct stat before {};
  const bool creates =
      (flags & O_CREAT) != 0 && ::fstatat(at, path, &before, AT_SYMLINK_NOFOLLOW) != 0;
  if (const auto error = fault_of(creates ? Call::create : Call::open)) return failed_with(*error);
  const int fd = kernel();
  if (fd < 0 || !creates) return fd;
  struct stat status {};
  POSTRIDER_CHECK(::fstat(fd, &status) == 0);
  known_.insert(status.st_ino);
  add({.kind = Kind::make_file,
       .node = status.st_ino,
       .directory = place->directory,
       .name = place->name});
  return fd;
}

ssize_t Recorder::write(int fd, std::span<const iovec> parts, std::optional<off_t> offset) {
  const std::lock_guard lock(mutex_);
  const auto status = status_of(fd);
  std::string bytes = joined(parts);
  const off_t at = offset ? *offset : status ? position_of(fd, *status) : 0;
  const auto kernel = [&] {
    return offset ? ::syscall(SYS_pwrite64, fd, bytes.data(), bytes.size(), *offset)
                  : ::syscall(SYS_write, fd, bytes.data(), bytes.size());
  };
  if (!status) return kernel();
  const auto error = fault_of(Call::write);
  if (error) bytes.resize((bytes.size() + 1) / 2);
  const ssize_t n = kernel();
  if (n > 0) {
    bytes.resize(static_cast<std::size_t>(n));
    add({.kind = Kind::write,
         .node = status->st_ino,
         .offset = static_cast<std::uint64_t>(at),
         .bytes = std::move(bytes)});
  }
  return error && *error != Fault::kShortWrite ? failed_with(*error) : n;
}

ssize_t Recorder::read(int fd, void* to, std::size_t size, off_t offset) {
  const std::lock_guard lock(mutex_);
  if (status_of(fd))
    if (const auto error = fault_of(Call::read)) return failed_with(*error);
  return ::syscall(SYS_pread64, fd, to, size, offset);
}

int Recorder::truncate(int fd, off_t size) {
  const std::lock_guard lock(mutex_);
  const auto status = status_of(fd);
  if (status)
    if (const auto error = fault_of(Call::truncate)) return failed_with(*error);
  const auto done = static_cast<int>(::syscall(SYS_ftruncate, fd, size));
  if (status && done == 0)
    add({.kind = Kind::truncate,
         .node = status->st_ino,
         .offset = static_cast<std::uint64_t>(size)});
  return done;
}

int Recorder::sync(int fd, long number) {
  const std::lock_guard lock(mutex_);
  const auto status = status_of(fd);
  if (!status) return static_cast<int>(::syscall(number, fd));
  const auto error = fault_of(Call::sync);
  add({.kind = error ? Kind::sync_failed : Kind::sync, .node = status->st_ino});
  return error ? failed_with(*error) : 0;
}

int Recorder::sync_all(int fd) {
  const std::lock_guard lock(mutex_);
  if (!status_of(fd)) return static_cast<int>(::syscall(SYS_syncfs, fd));
  const auto error = fault_of(Call::sync);
  add({.kind = error ? Kind::sync_all_failed : Kind::sync_all});
  return error ? failed_with(*error) : 0;
}

int Recorder::rename(int from_at, const char* from, int at, const char* to, unsigned flags) {
  const std::lock_guard lock(mutex_);
  const auto source = place_of(from_at, from);
  const auto target = place_of(at, to);
  if (source && target)
    if (const auto error = fault_of(Call::name)) return failed_with(*error);
  if (source && target && !takes_no_replace_ && (flags & RENAME_NOREPLACE) != 0)
    return failed_with(EINVAL);
  struct stat status {};
  const bool there = ::fstatat(from_at, from, &status, AT_SYMLINK_NOFOLLOW) == 0;
  const auto done = static_cast<int>(::syscall(SYS_renameat2, from_at, from, at, to, flags));
  if (there && source && target && done == 0)
    add({.kind = Kind::rename,
         .node = status.st_ino,
         .directory = target->directory,
         .name = target->name,
         .from_directory = source->directory,
         .from_name = source->name});
  return done;
}

int Recorder::link(int from_at, const char* from, int at, const char* to, int flags) {
  const std::lock_guard lock(mutex_);
  const auto target = place_of(at, to);
  if (target)
    if (const auto error = fault_of(Call::name)) return failed_with(*error);
  const auto done = static_cast<int>(::syscall(SYS_linkat, from_at, from, at, to, flags));
  struct stat status {};
  if (target && done == 0 && ::fstatat(at, to, &status, AT_SYMLINK_NOFOLLOW) == 0)
    add({.kind = Kind::make_file,
         .node = status.st_ino,
         .directory = target->directory,
         .name = target->name});
  return done;
}

int Recorder::remove(int at, const char* path, int flags) {
  const std::lock_guard lock(mutex_);
  const auto place = place_of(at, path);
  const bool is_said = fault_ && fault_->done;
  const auto error = place ? fault_of(Call::remove) : std::nullopt;
  if (error && !is_said) return failed_with(*error);
  const auto done = static_cast<int>(::syscall(SYS_unlinkat, at, path, flags));
  if (place && done == 0)
    add({.kind = Kind::remove_name, .directory = place->directory, .name = place->name});
  return error ? failed_with(*error) : done;
}

int Recorder::make_directory(int at, const char* path, mode_t mode) {
  const std::lock_guard lock(mutex_);
  const auto place = place_of(at, path);
  if (place)
    if (const auto error = fault_of(Call::name)) return failed_with(*error);
  const auto done = static_cast<int>(::syscall(SYS_mkdirat, at, path, mode));
  struct stat status {};
  if (!place || done != 0 || ::fstatat(at, path, &status, 0) != 0) return done;
  known_.insert(status.st_ino);
  add({.kind = Kind::make_directory,
       .node = status.st_ino,
       .directory = place->directory,
       .name = place->name});
  return done;
}

}  // namespace postrider::crash
