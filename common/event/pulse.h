// pulse.h - how a parent sees that the loop of a worker turns.
//
// The worker counts up in memory that both share. A loop that does not turn for kHung, in an
// endless loop or waiting for what never comes, serves nobody: its parent ends it with SIGABRT, so
// that a core tells where it was, at the next look with SIGKILL, and starts another. What the
// parent counts are its own looks, so that a host that stood still for a while is no reason.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "common/event/event_loop.h"

namespace postrider::event {

class Pulse {
 public:
  static constexpr std::chrono::seconds kBeat{5};
  static constexpr std::chrono::seconds kHung{60};

  // Shared with processes that are forked later. Throws std::bad_alloc.
  Pulse() {
    void* const memory =
        ::mmap(nullptr, sizeof(Count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    count_.reset(new (memory) Count(0), [](Count* count) { ::munmap(count, sizeof(Count)); });
  }

  void beat() const noexcept { count_->fetch_add(1, std::memory_order_relaxed); }
  // For the next worker.
  void reset() const noexcept { count_->store(0, std::memory_order_relaxed); }
  // 0: the loop has not begun.
  std::uint64_t count() const noexcept { return count_->load(std::memory_order_relaxed); }

 private:
  using Count = std::atomic<std::uint64_t>;
  std::shared_ptr<Count> count_;
};

// Beats for as long as it lives and its loop turns.
class Heartbeat {
 public:
  Heartbeat(EventLoop& loop, Pulse pulse)
      : pulse_(std::move(pulse)), timer_(loop, [this] { beat(); }) {
    timer_.arm(std::chrono::microseconds(0));
  }

 private:
  void beat() {
    pulse_.beat();
    timer_.arm(Pulse::kBeat);
  }

  Pulse pulse_;
  Timer timer_;
};

}  // namespace postrider::event
