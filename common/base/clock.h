// clock.h - time, handed in. Nothing below main asks the system what time it is.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace postrider {

// Seconds since 1970 with microseconds: arrival times, schedules, Date fields.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

// Microseconds since 1970, as they are stored and sent.
constexpr std::int64_t to_us(WallTime time) noexcept { return time.time_since_epoch().count(); }
constexpr WallTime from_us(std::int64_t us) noexcept {
  return WallTime(std::chrono::microseconds(us));
}

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

// Begins as the time of day, and goes on as time passes: nobody sets it.
class SteadyClock final : public Clock {
 public:
  SteadyClock();
  WallTime now() const noexcept override;

 private:
  const WallTime began_;
  const std::chrono::steady_clock::time_point began_steady_;
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
