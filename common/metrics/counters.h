// counters.h - what a worker counts and measures, where the others can see it.
//
// Two files of the folder `counters` in the run directory, mapped and shared: to count is one
// relaxed addition, to measure two, and to read them needs no conversation (reading.h).
//
//   <process>.<worker>.counts      what only grows; it outlives the worker, and its successor goes
//                                  on with it
//   <process>.<worker>.<pid>.life  what is so now, and who this is since when; locked (flock) as
//                                  long as the worker lives, so that nobody takes a dead one's word
//
// The names and meanings are in table.h. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/fd.h"
#include "common/base/result.h"
#include "common/metrics/table.h"

namespace postrider::metrics {

inline constexpr std::string_view kCountsSuffix = ".counts";
inline constexpr std::string_view kLifeSuffix = ".life";

// A slot each: counters, findings, and of each duration its buckets, the one above them, and the
// sum in microseconds.
inline constexpr std::size_t kDurationSlots = kBounds + 2;
inline constexpr std::size_t kFirstFinding = kCounters;
inline constexpr std::size_t kFirstDuration = kFirstFinding + kFindings;
inline constexpr std::size_t kSlots = kFirstDuration + kDurations * kDurationSlots;

std::string counters_folder(std::string_view run_directory);

struct CountsFile {
  std::uint64_t fingerprint;
  std::atomic<std::uint64_t> slots[kSlots];
};

struct LifeFile {
  std::uint64_t fingerprint;
  std::int64_t started_us;
  std::uint32_t worker;
  std::uint32_t pid;
  char process[24];
  char version[24];
  std::atomic<std::int64_t> gauges[kGauges];
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

class Counters {
 public:
  // Who counts: "smtpd", its worker's number, since when, and of which version. Names are shorter
  // than their place in LifeFile.
  struct Worker {
    std::string_view process;
    unsigned number = 0;
    WallTime started;
    std::string_view version;
  };

  // Maps both files in `directory`, keeping the counts that are there from before, and removes the
  // lives of workers of this name and number that are over.
  static Result<Counters> open(const std::string& directory, const Worker& worker);
  // Of this process alone: for tests, and where the files cannot be had.
  Counters();

  void add(Counter counter, std::uint64_t n = 1) noexcept {
    slot(static_cast<std::size_t>(counter)).fetch_add(n, std::memory_order_relaxed);
  }
  void add_finding(std::string_view check, std::string_view action) noexcept {
    slot(kFirstFinding + finding_index(check, action)).fetch_add(1, std::memory_order_relaxed);
  }
  // A time below 0, as of a clock that was set back, counts as none.
  void observe(Duration duration, std::chrono::microseconds time) noexcept;
  void change(Gauge gauge, std::int64_t by) noexcept {
    gauge_slot(gauge).fetch_add(by, std::memory_order_relaxed);
  }
  void set(Gauge gauge, std::int64_t value) noexcept {
    gauge_slot(gauge).store(value, std::memory_order_relaxed);
  }

  // As whole seconds since 1970.
  void set_time(Gauge gauge, WallTime time) noexcept {
    set(gauge, std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count());
  }

  std::uint64_t value(Counter counter) const noexcept {
    return slot(static_cast<std::size_t>(counter)).load(std::memory_order_relaxed);
  }
  std::uint64_t finding(std::string_view check, std::string_view action) const noexcept {
    return slot(kFirstFinding + finding_index(check, action)).load(std::memory_order_relaxed);
  }
  // How many were observed.
  std::uint64_t observed(Duration duration) const noexcept;
  std::int64_t value(Gauge gauge) const noexcept {
    return gauge_slot(gauge).load(std::memory_order_relaxed);
  }

 private:
  struct Life {
    Fd lock;
    std::shared_ptr<LifeFile> file;
    std::string path;
    ~Life();
  };

  Counters(std::shared_ptr<CountsFile> counts, std::shared_ptr<Life> life)
      : counts_(std::move(counts)), life_(std::move(life)) {}

  static Result<std::shared_ptr<CountsFile>> open_counts(const std::string& directory,
                                                         const Worker& worker);
  static Result<std::shared_ptr<Life>> begin_life(const std::string& directory,
                                                  const Worker& worker);

  std::atomic<std::uint64_t>& slot(std::size_t index) const noexcept {
    return counts_->slots[index];
  }
  std::atomic<std::int64_t>& gauge_slot(Gauge gauge) const noexcept {
    return life_->file->gauges[static_cast<std::size_t>(gauge)];
  }

  // Copies of a Counters count together.
  std::shared_ptr<CountsFile> counts_;
  std::shared_ptr<Life> life_;
};

}  // namespace postrider::metrics
