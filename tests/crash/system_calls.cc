// system_calls.cc - the C library's calls on files, as this executable and the shared libraries
// that it loads see them. The dynamic linker takes the executable's before libc's.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>

#include "tests/crash/recorder.h"

namespace {

using postrider::crash::Recorder;

Recorder* recorder() {
  Recorder& one = Recorder::instance();
  return one.active() ? &one : nullptr;
}

template <typename... Arguments>
auto kernel(long number, Arguments... arguments) {
  return ::syscall(number, arguments...);
}

int open_file(int at, const char* path, int flags, mode_t mode) {
  if (Recorder* const to = recorder()) return to->open(at, path, flags, mode);
  return static_cast<int>(kernel(SYS_openat, at, path, flags, mode));
}

ssize_t write_at(int fd, const void* bytes, std::size_t size, off_t offset) {
  const iovec part{.iov_base = const_cast<void*>(bytes), .iov_len = size};
  if (Recorder* const to = recorder()) return to->write(fd, {&part, 1}, offset);
  return kernel(SYS_pwrite64, fd, bytes, size, offset);
}

ssize_t read_at(int fd, void* bytes, std::size_t size, off_t offset) {
  if (Recorder* const to = recorder()) return to->read(fd, bytes, size, offset);
  return kernel(SYS_pread64, fd, bytes, size, offset);
}

int cut(int fd, off_t size) {
  if (Recorder* const to = recorder()) return to->truncate(fd, size);
  return static_cast<int>(kernel(SYS_ftruncate, fd, size));
}

int sync_file(int fd, long number) {
  if (Recorder* const to = recorder()) return to->sync(fd, number);
  return static_cast<int>(kernel(number, fd));
}

// The third argument of open(), which is there when a file may be made.
#define MODE_AFTER(flags)                         \
  mode_t mode = 0;                                \
  if (((flags) & (O_CREAT | __O_TMPFILE)) != 0) { \
    va_list rest;                                 \
    va_start(rest, flags);                        \
    mode = va_arg(rest, mode_t);                  \
    va_end(rest);                                 \
  }                                               \
  static_cast<void>(0)

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  MODE_AFTER(flags);
  return open_file(AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  MODE_AFTER(flags);
  return open_file(AT_FDCWD, path, flags, mode);
}

int openat(int at, const char* path, int flags, ...) {
  MODE_AFTER(flags);
  return open_file(at, path, flags, mode);
}

int openat64(int at, const char* path, int flags, ...) {
  MODE_AFTER(flags);
  return open_file(at, path, flags, mode);
}

ssize_t write(int fd, const void* bytes, size_t size) {
  const iovec part{.iov_base = const_cast<void*>(bytes), .iov_len = size};
  if (Recorder* const to = recorder()) return to->write(fd, {&part, 1}, std::nullopt);
  return kernel(SYS_write, fd, bytes, size);
}

ssize_t writev(int fd, const iovec* parts, int count) {
  if (Recorder* const to = recorder())
    return to->write(fd, {parts, static_cast<std::size_t>(count)}, std::nullopt);
  return kernel(SYS_writev, fd, parts, count);
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  return write_at(fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  return write_at(fd, bytes, size, offset);
}

ssize_t pread(int fd, void* bytes, size_t size, off_t offset) {
  return read_at(fd, bytes, size, offset);
}

ssize_t pread64(int fd, void* bytes, size_t size, off64_t offset) {
  return read_at(fd, bytes, size, offset);
}

int ftruncate(int fd, off_t size) noexcept { return cut(fd, size); }
int ftruncate64(int fd, off64_t size) noexcept { return cut(fd, size); }

int fsync(int fd) { return sync_file(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_file(fd, SYS_fdatasync); }

int syncfs(int fd) noexcept {
  if (Recorder* const to = recorder()) return to->sync_all(fd);
  return static_cast<int>(kernel(SYS_syncfs, fd));
}

int renameat2(int from_at, const char* from, int at, const char* to, unsigned flags) noexcept {
  if (Recorder* const one = recorder()) return one->rename(from_at, from, at, to, flags);
  return static_cast<int>(kernel(SYS_renameat2, from_at, from, at, to, flags));
}

int renameat(int from_at, const char* from, int at, const char* to) noexcept {
  return renameat2(from_at, from, at, to, 0);
}

int rename(const char* from, const char* to) noexcept {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int from_at, const char* from, int at, const char* to, int flags) noexcept {
  if (Recorder* const one = recorder()) return one->link(from_at, from, at, to, flags);
  return static_cast<int>(kernel(SYS_linkat, from_at, from, at, to, flags));
}

int link(const char* from, const char* to) noexcept {
  return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int at, const char* path, int flags) noexcept {
  if (Recorder* const to = recorder()) return to->remove(at, path, flags);
  return static_cast<int>(kernel(SYS_unlinkat, at, path, flags));
}

int unlink(const char* path) noexcept { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char* path) noexcept { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int at, const char* path, mode_t mode) noexcept {
  if (Recorder* const to = recorder()) return to->make_directory(at, path, mode);
  return static_cast<int>(kernel(SYS_mkdirat, at, path, mode));
}

int mkdir(const char* path, mode_t mode) noexcept { return mkdirat(AT_FDCWD, path, mode); }

}  // extern "C"
