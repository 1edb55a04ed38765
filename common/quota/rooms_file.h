// rooms_file.h - the file behind Rooms: rows of mailboxes, promises, and what holds both together.
//
// Everything here is called with the lock (Change), but what says otherwise. Sums of promises stand
// in the rows; a promise knows its row, and a row with promises keeps its place.
#pragma once

#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <string_view>
#include <utility>

#include "common/limits/shared_file.h"
#include "common/quota/rooms.h"

namespace postrider::quota {

struct Rooms::Row {
  char name[kMaxName];   // empty: none
  std::int64_t counted;  // microseconds since 1970, as the other times; 0: not counted
  std::int64_t read;
  Amount used, limit;
  std::int64_t in_new, in_cur;
  Amount promised;
  std::int64_t wanted;  // since when a count is asked for; 0: it is not
  std::int64_t touched;
  std::uint64_t told;       // Standing::told and one; 0: not known
  std::uint64_t forgotten;  // Header::forgotten when it was last forgotten

  std::string_view text() const { return {name, ::strnlen(name, kMaxName)}; }
};

struct Rooms::Promise {
  std::uint64_t key;  // of mailbox and holder; 0: none
  std::uint64_t octets;
  std::int64_t until;
  std::uint64_t row;
};

struct Rooms::File {
  struct Header {
    std::uint64_t magic;
    limits::SharedFile::HashKey hash_key;
    std::atomic<std::uint32_t> changing;  // by who has the lock, or died with it
    std::atomic<std::uint32_t> wanted;    // some row may want to be counted
    std::int64_t swept;                   // when promises were last looked through
    std::uint64_t forgotten;              // how often mailboxes were
    std::uint64_t rowless;                // that when one without a row last was
    std::uint64_t boot;                   // hash of the run of the kernel that wrote it
  };
  static constexpr std::size_t kRowsSize = kRows * sizeof(Row);
  static constexpr std::size_t kSize =
      limits::SharedFile::kHeaderSize + kRowsSize + kPromises * sizeof(Promise);
  static_assert(sizeof(Header) <= limits::SharedFile::kHeaderSize);
  // Turns are locks of an octet behind the header's own; mailboxes that share one wait for each
  // other.
  static constexpr std::size_t kTurns = 1024;

  explicit File(limits::SharedFile opened) : shared(std::move(opened)) {}

  Header& header() const { return *reinterpret_cast<Header*>(shared.memory()); }
  Row* rows() const {
    return reinterpret_cast<Row*>(shared.memory() + limits::SharedFile::kHeaderSize);
  }
  Promise* promises() const {
    return reinterpret_cast<Promise*>(shared.memory() + limits::SharedFile::kHeaderSize +
                                      kRowsSize);
  }
  // Without the lock.
  std::uint64_t hash(std::string_view kind, std::string_view name) const {
    return limits::keyed_hash(header().hash_key, kind, name);
  }
  std::uint64_t key_of(std::string_view mailbox, std::string_view holder) const;

  Row* find(std::string_view mailbox) const;
  // Null: there is no place, or the name is too long.
  Row* find_or_make(std::string_view mailbox, WallTime now) const;

  Promise* find_promise(std::uint64_t key) const;
  void keep_promise(std::uint64_t key, std::uint64_t octets, Row& row, WallTime until) const;
  void end_promise(Promise& promise) const;
  void end_promise(std::uint64_t key) const {
    if (Promise* const promise = find_promise(key)) end_promise(*promise);
  }
  // Ends the promises whose time is over, if that was not done since `interval`.
  void sweep(WallTime now, std::chrono::seconds interval) const;
  // After the death of who was within a change, or of the host.
  void repair() const;

  limits::SharedFile shared;
  mutable std::mutex mutex;  // a file's locks are those of the process: this is for its threads
  std::array<std::timed_mutex, kTurns> turns;
};

}  // namespace postrider::quota
