// shared_file.h - a file of fixed size that processes map together: a header, then what its user
// puts there.
//
// It is sparse, and where the file system is full, to touch a page that it has no room for is a
// SIGBUS: what is read or written has to be reserved first.
//
//   header = magic (8), hash key (16), and what the user adds, in the first kHeaderSize octets
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/fd.h"
#include "common/base/result.h"

namespace postrider::limits {

class SharedFile {
 public:
  static constexpr std::size_t kHeaderSize = 4096;
  // Of SipHash: clients cannot choose names that fall together.
  using HashKey = std::array<unsigned char, 16>;
  struct Head {
    std::uint64_t magic;  // 0: in the making
    HashKey hash_key;
  };

  // Maps `path`, its header reserved, and makes it if it is not there: zeros behind magic and hash
  // key. It is for all processes of the group of its directory. Invalid: it is not of this size and
  // magic; temporary: the file system is full, or another process keeps the header locked.
  static Result<SharedFile> open(const std::string& path, std::size_t size, std::uint64_t magic);
  // The same, but not_found if it is not there.
  static Result<SharedFile> open_existing(const std::string& path, std::size_t size,
                                          std::uint64_t magic);
  // Memory of this process alone. Throws std::bad_alloc.
  SharedFile(std::size_t size, std::uint64_t magic);
  SharedFile(SharedFile&& other) noexcept;
  SharedFile& operator=(SharedFile&&) = delete;
  ~SharedFile();

  char* memory() const noexcept { return memory_; }

  // Temporary: the file system has no room for it.
  Result<void> reserve(std::size_t start, std::size_t size) const;

  // Locks of one octet of the file, which end with the process that holds them.
  bool try_lock(std::size_t octet) const;  // false: errno tells why
  void unlock(std::size_t octet) const;

  // The lock of the header's octet 0, for as long as it lives.
  class Lock {
   public:
    explicit Lock(const SharedFile& file) : file_(&file) {}
    Lock(Lock&& other) noexcept : file_(std::exchange(other.file_, nullptr)) {}
    Lock& operator=(Lock&&) = delete;
    ~Lock() {
      if (file_ != nullptr) file_->unlock(0);
    }

   private:
    const SharedFile* file_;
  };
  // Temporary: another process keeps it, as one that was stopped does, for longer than kLockTries.
  Result<Lock> lock() const;

 private:
  // Who works holds the lock for microseconds. This is 20 ms and more, in which a loop stands
  // still.
  static constexpr unsigned kLockTries = 100;
  static constexpr long kLockPause = 200'000;  // nanoseconds

  SharedFile(Fd fd, char* memory, std::size_t size);
  static Result<SharedFile> map(const std::string& path, std::size_t size, std::uint64_t magic,
                                bool may_make);
  Head& head() const { return *reinterpret_cast<Head*>(memory_); }
  void make(std::uint64_t magic) const;
  Result<void> prepare(const std::string& path, std::uint64_t magic, bool may_make) const;
  Result<void> give_size(const std::string& path) const;

  Fd fd_;  // none: in memory only
  char* memory_ = nullptr;
  std::size_t size_ = 0;
};

// SipHash-2-4 of what is counted, apart by kind. Never 0.
std::uint64_t keyed_hash(const SharedFile::HashKey& key, std::string_view kind,
                         std::string_view name);

}  // namespace postrider::limits
