// clock.h - time, handed in. Nothing below main asks the system what time it is.
#pragma once

#include <atomic>
#include <chrono>

namespace postrider {

// Seconds since 1970 with microseconds: arrival times, schedules, Date fields.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;
  virtual WallTime now() const noexcept = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime now() const noexcept override;
};

// For tests: stands still until it is told. Any thread may look.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime start = WallTime(std::chrono::seconds(1'800'000'000)))
      : now_(start.time_since_epoch().count()) {}
  WallTime now() const noexcept override { return WallTime(std::chrono::microseconds(now_)); }
  void advance(std::chrono::microseconds by) { now_ += by.count(); }
  void set(WallTime time) { now_ = time.time_since_epoch().count(); }

 private:
  std::atomic<std::chrono::microseconds::rep> now_;
};

}  // namespace postrider
