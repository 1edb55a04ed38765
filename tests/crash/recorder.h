// recorder.h - stands between the code under test and the kernel.
//
// system_calls.cc defines open(), write(), fsync() and their kin in the test's executable, so that
// spool, Maildir code and SQLite are all seen and none of them is changed. Every change below the
// recorded directory becomes an Operation of a History; any call there can be made to fail. Calls
// elsewhere, and all calls while nothing is recorded, go to the kernel as they are.
//
// Any thread may call; the order of the History is the order in which the kernel did it.
#pragma once

#include <sys/stat.h>
#include <sys/uio.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "tests/crash/operation.h"

namespace postrider::crash {

// What a call is to the one who makes it fail: each group has its own errors.
enum class Call : std::uint8_t { open, create, write, truncate, sync, name, remove, read };

struct Fault {
  static constexpr int kShortWrite = 0;

  std::size_t call = 0;  // the first call that may fail, counted from 0
  int error = 0;         // errno, or kShortWrite: half is written, and that is what is said
  bool lasting = false;  // all later calls too, until heal()
  bool done = false;     // what was to be removed is removed, though that is what is said
};

// Whether `call` is one that ends with `error` on a real system.
bool can_end_with(Call call, int error) noexcept;

class Recorder {
 public:
  // The one that the system calls ask.
  static Recorder& instance();

  // Begins a History of the directory `root`, and what is in it.
  void begin(const std::string& root);
  // Whether the file system takes RENAME_NOREPLACE, as it does until this is called, or says EINVAL
  // as NFS.
  void take_no_replace(bool takes);
  // Ends it. Nothing of the code under test may run on.
  History end();

  // Operations so far.
  std::size_t position() const;
  // What was called so far, in order.
  std::vector<Call> calls() const;
  // The fault may hit from now on.
  void set_fault(const Fault& fault);
  void heal();
  // Operations before the call that the fault hit first.
  std::optional<std::size_t> failed_at() const;

  bool active() const noexcept { return active_; }

  // The system calls; each returns what the kernel returns and sets errno.
  int open(int at, const char* path, int flags, mode_t mode);
  ssize_t write(int fd, std::span<const iovec> parts, std::optional<off_t> offset);
  ssize_t read(int fd, void* to, std::size_t size, off_t offset);
  int truncate(int fd, off_t size);
  int sync(int fd, long number);
  int sync_all(int fd);
  int rename(int from_at, const char* from, int at, const char* to, unsigned flags);
  int link(int from_at, const char* from, int at, const char* to, int flags);
  int remove(int at, const char* path, int flags);
  int make_directory(int at, const char* path, mode_t mode);

 private:
  // The last component of a path, in a directory that is recorded.
  struct Place {
    Node directory = 0;
    std::string name;
  };

  std::optional<Place> place_of(int at, const char* path) const;
  std::optional<struct stat> status_of(int fd) const;
  // Counts the call; the errno with which it must end, if it must.
  std::optional<int> fault_of(Call call);
  void add(Operation operation) { history_.operations.push_back(std::move(operation)); }

  mutable std::mutex mutex_;
  std::atomic<bool> active_{false};
  dev_t device_ = 0;
  std::unordered_set<Node> known_;
  History history_;
  std::vector<Call> calls_;
  bool takes_no_replace_ = true;
  std::optional<Fault> fault_;
  std::optional<std::size_t> failed_at_;
};

}  // namespace postrider::crash
