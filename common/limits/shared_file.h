// shared_file.h - a file of fixed size that processes map together: a header, then what its user
// puts there.
//
//   header = magic (8), hash key (16), and what the user adds, in the first kHeaderSize octets
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

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

  // Maps `path`, and makes it if it is not there: zeros behind magic and hash key. Invalid: it is
  // not of this size and magic.
  static Result<SharedFile> open(const std::string& path, std::size_t size, std::uint64_t magic);
  // Memory of this process alone. Throws std::bad_alloc.
  SharedFile(std::size_t size, std::uint64_t magic);
  SharedFile(SharedFile&& other) noexcept;
  SharedFile& operator=(SharedFile&&) = delete;
  ~SharedFile();

  char* memory() const noexcept { return memory_; }

  // Locks of one octet of the file, which end with the process that holds them.
  void lock(std::size_t octet) const;  // waits
  bool try_lock(std::size_t octet) const;
  void unlock(std::size_t octet) const;
  // Gives the memory back: zeros, from `start` on.
  void zero(std::size_t start, std::size_t size) const;

  // The lock of the header's octet 0, for as long as it lives.
  class Lock {
   public:
    explicit Lock(const SharedFile& file) : file_(file) { file_.lock(0); }
    ~Lock() { file_.unlock(0); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

   private:
    const SharedFile& file_;
  };

 private:
  SharedFile(Fd fd, char* memory, std::size_t size);
  Head& head() const { return *reinterpret_cast<Head*>(memory_); }
  void make(std::uint64_t magic) const;
  Result<void> prepare(std::uint64_t magic) const;

  Fd fd_;  // none: in memory only
  char* memory_ = nullptr;
  std::size_t size_ = 0;
};

// SipHash-2-4 of what is counted, apart by kind. Never 0.
std::uint64_t keyed_hash(const SharedFile::HashKey& key, std::string_view kind,
                         std::string_view name);

}  // namespace postrider::limits
