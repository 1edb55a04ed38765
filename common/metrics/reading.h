// reading.h - what all workers of a run directory have counted and measured, and who they are.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/metrics/counters.h"

namespace postrider::metrics {

// The observations of a duration.
struct Histogram {
  std::array<std::uint64_t, kBounds + 1> buckets{};  // not cumulative; the last: above all bounds
  std::chrono::microseconds sum{0};

  std::uint64_t count() const noexcept;
};

// The sums of several workers.
class Counts {
 public:
  std::uint64_t operator[](Counter counter) const noexcept {
    return slots_[static_cast<std::size_t>(counter)];
  }
  // By finding_index().
  std::uint64_t finding(std::size_t index) const noexcept { return slots_[kFirstFinding + index]; }
  Histogram histogram(Duration duration) const noexcept;

  Counts& operator+=(const Counts& other) noexcept;
  std::array<std::uint64_t, kSlots>& slots() noexcept { return slots_; }

 private:
  std::array<std::uint64_t, kSlots> slots_{};
};

// A worker that lives.
struct Life {
  std::string process;
  unsigned worker = 0;
  unsigned pid = 0;
  WallTime started;
  std::string version;
  std::array<std::int64_t, kGauges> gauges{};

  std::int64_t operator[](Gauge gauge) const noexcept {
    return gauges[static_cast<std::size_t>(gauge)];
  }
};

struct Reading {
  std::map<std::string, Counts> by_process;
  std::vector<Life> lives;  // by process and worker, the older of two first

  // Over all processes.
  Counts sum() const noexcept;
  // Over the workers of all processes that live.
  std::int64_t sum(Gauge gauge) const noexcept;
};

// Files of another table, or that cannot be read, are left out; where there is no directory there
// is nothing.
Reading read(const std::string& directory);

}  // namespace postrider::metrics
