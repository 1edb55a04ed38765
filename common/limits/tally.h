// tally.h - how much each client does, counted by all workers together.
//
// One file of the run directory is mapped by all of them. It has a part for each, which that worker
// alone writes, so that there is no lock that a killed one could leave held; a count is the sum
// over the parts. A worker holds a lock on a byte of the file while it lives: the part of one that
// does not counts no longer once the next has started.
//
// Counts of events fade: an event that is `period` old counts for 1/e. A steady n in a period comes
// to n, and as fading is linear the sum of the parts is what one part would have counted.
//
// Bounded: a part knows kSlots keys. Where there is no room, the key that was touched longest ago
// is forgotten, but none that is present.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace postrider::limits {

class Tally {
 public:
  static constexpr std::size_t kParts = 64;
  static constexpr std::size_t kSlots = std::size_t{1} << 14U;

  // A keyed hash (SipHash) of what is counted: clients cannot choose names that fall together.
  struct Key {
    std::uint64_t hash;
    bool operator==(const Key&) const = default;
  };

  // Maps `path`, makes it if it is not there, and takes a part of it; after the fork, as a part
  // belongs to one process. Invalid: the file is something else; temporary: kParts are taken, or
  // the file system is full.
  static Result<Tally> open(const std::string& path);
  // Counts of this process alone: for tests, and where the file cannot be had.
  Tally();
  Tally(Tally&&) noexcept;
  Tally& operator=(Tally&&) noexcept;
  ~Tally();

  // `kind` keeps apart what is counted of the same name: "connections", "errors".
  Key key(std::string_view kind, std::string_view name) const;

  // Things that are there for a while. One that found no room in the table is not counted.
  void enter(Key key, WallTime now);
  void leave(Key key);
  std::uint64_t present(Key key) const;

  // `n` more events.
  void add(Key key, double n, std::chrono::seconds period, WallTime now);
  double level(Key key, std::chrono::seconds period, WallTime now) const;

 private:
  struct Slot;
  struct File;
  explicit Tally(std::unique_ptr<File> file);

  // The key's slot in our part, made if need be; null if all in its place are present.
  Slot* own(Key key, WallTime now);
  Slot* make_room(Key key, std::uint32_t tick);

  std::unique_ptr<File> file_;
};

}  // namespace postrider::limits
