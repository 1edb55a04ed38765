// scheduler.h - whose turn it is: a line per destination, round robin between them. No I/O.
//
// A destination is a next hop. Each has its line of work, first come first served, and a bound on
// the jobs under way; a destination at its bound or without work is not in the ring at all, so one
// that is slow or dead costs the others nothing, and every step is O(1).
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "queued/message.h"

namespace postrider::queued {

// Who does the work: each kind is a ring of its own.
enum class WorkKind : std::uint8_t { local, remote };

// One job to be: recipients (by their index) of one message that share a next hop.
struct Work {
  Message* message = nullptr;
  std::string next_hop;
  std::vector<std::uint32_t> recipients;
};

class Scheduler {
 public:
  // `concurrency`: jobs under way for one remote destination. The local one is bound by credit.
  explicit Scheduler(std::uint64_t concurrency) : concurrency_(concurrency) {}
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  static WorkKind kind_of(const std::string& next_hop);

  void add(Work work);

  // The next work of this kind, now under way; nothing if all that waits is at its bound.
  std::optional<Work> next(WorkKind kind);

  // A job for `next_hop` is no longer under way.
  void finished(const std::string& next_hop);

  // Takes back the work that waits for these messages; looks at each line once.
  std::vector<Work> withdraw(const std::unordered_set<const Message*>& messages);

  std::size_t destinations() const noexcept { return destinations_.size(); }

 private:
  struct Destination {
    std::deque<Work> line;
    std::uint64_t under_way = 0;
    bool in_ring = false;
  };
  using Entry = std::pair<const std::string, Destination>;
  using Ring = std::list<Entry*>;

  bool eligible(const Entry& entry) const;
  // Puts the destination at the end of its ring, or forgets it, as its state demands.
  void settle(Entry& entry);

  std::uint64_t concurrency_;
  std::unordered_map<std::string, Destination> destinations_;
  Ring local_;
  Ring remote_;
};

}  // namespace postrider::queued
