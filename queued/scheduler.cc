#include "queued/scheduler.h"

#include <algorithm>
#include <iterator>

#include "common/base/check.h"

namespace postrider::queued {

WorkKind Scheduler::kind_of(const std::string& next_hop) {
  return next_hop == "local" ? WorkKind::local : WorkKind::remote;
}

bool Scheduler::eligible(const Entry& entry) const {
  const Destination& destination = entry.second;
  return !destination.line.empty() &&
         (kind_of(entry.first) == WorkKind::local || destination.under_way < concurrency_);
}

void Scheduler::settle(Entry& entry) {
  Destination& destination = entry.second;
  if (destination.in_ring) return;
  if (eligible(entry)) {
    destination.in_ring = true;
    (kind_of(entry.first) == WorkKind::local ? local_ : remote_).push_back(&entry);
  } else if (destination.line.empty() && destination.under_way == 0) {
    destinations_.erase(entry.first);
  }
}

void Scheduler::add(Work work) {
  auto& entry = *destinations_.try_emplace(work.next_hop).first;
  entry.second.line.push_back(std::move(work));
  settle(entry);
}

std::optional<Work> Scheduler::next(WorkKind kind) {
  Ring& ring = kind == WorkKind::local ? local_ : remote_;
  while (!ring.empty()) {
    Entry& entry = *ring.front();
    ring.pop_front();
    entry.second.in_ring = false;
    // Its line may have been withdrawn while it stood in the ring.
    if (!eligible(entry)) {
      settle(entry);
      continue;
    }
    Work work = std::move(entry.second.line.front());
    entry.second.line.pop_front();
    ++entry.second.under_way;
    settle(entry);
    return work;
  }
  return std::nullopt;
}

void Scheduler::finished(const std::string& next_hop) {
  const auto it = destinations_.find(next_hop);
  POSTRIDER_CHECK(it != destinations_.end() && it->second.under_way > 0);
  --it->second.under_way;
  settle(*it);
}

std::vector<Work> Scheduler::withdraw(const std::unordered_set<const Message*>& messages) {
  std::vector<Work> taken;
  for (auto it = destinations_.begin(); it != destinations_.end();) {
    Entry& entry = *it++;  // settle() may forget it
    std::deque<Work>& line = entry.second.line;
    const auto kept = std::stable_partition(line.begin(), line.end(), [&](const Work& work) {
      return !messages.contains(work.message);
    });
    taken.insert(taken.end(), std::make_move_iterator(kept), std::make_move_iterator(line.end()));
    line.erase(kept, line.end());
    settle(entry);
  }
  return taken;
}

}  // namespace postrider::queued
