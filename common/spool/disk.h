// disk.h - every access of the spool to the file system goes through this interface, so that a test
// can stop it, fail it, or forget what was not synced, at any call.
//
// Each call is one system call (or a loop over short ones). Errors carry the path and the reason;
// none is retried here. All calls block: the committer and worker threads make them.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/fd.h"
#include "common/base/result.h"

namespace postrider::spool {

class Disk {
 public:
  enum class Mode {
    read,        // an existing file
    create_new,  // for appending; fails if it exists
    append,      // for appending and reading; made if it is not there
    overwrite,   // from its beginning on; made if it is not there
  };

  Disk() = default;
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  virtual ~Disk() = default;

  // New files get mode 0600.
  virtual Result<Fd> open(const std::string& path, Mode mode) = 0;
  // Writes all parts behind what was written before. After an error an unknown part of them may
  // have been written.
  virtual Result<void> append(int fd, std::span<iovec> parts) = 0;
  // Octets read from `offset` on, fewer than `to.size()` only at the end of the file.
  virtual Result<std::size_t> read(int fd, std::uint64_t offset, std::span<char> to) = 0;
  virtual Result<std::uint64_t> size(int fd) = 0;
  virtual Result<void> truncate(int fd, std::uint64_t size) = 0;
  // Data and the size that is needed to read it are on the disk (fdatasync).
  virtual Result<void> sync(int fd) = 0;
  // All that was written to the file system of `fd` is on the disk (syncfs). Fails when anything
  // written since `fd` was opened could not be: open it before.
  virtual Result<void> sync_file_system(int fd) = 0;
  // Names made, changed or removed in `directory` are on the disk.
  virtual Result<void> sync_directory(const std::string& directory) = 0;
  // A second name for a file. Succeeds when `to` exists already.
  virtual Result<void> link(const std::string& from, const std::string& to) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  // Succeeds when there is no such file.
  virtual Result<void> remove(const std::string& path) = 0;
  // Makes a directory, mode 0700; succeeds when it exists.
  virtual Result<void> make_directory(const std::string& path) = 0;
  // Names of the regular files in `directory`, sorted.
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
  // Octets that an unprivileged writer may still use in the file system of `directory`.
  virtual Result<std::uint64_t> free_space(const std::string& directory) = 0;
  // Whether both are names of one file; false where there is no such name.
  virtual Result<bool> same_file(const std::string& one, const std::string& other) = 0;
  // Takes an exclusive lock that ends with the descriptor (flock): false when another holds it.
  virtual Result<bool> lock(int fd) = 0;
};

// The operating system's.
Disk& system_disk();

}  // namespace postrider::spool
