// pace.h - how fast a destination takes what it is given, as seen lately.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "common/base/clock.h"

namespace postrider::queued {

class Pace {
 public:
  // What is older counts half, and half again.
  static constexpr std::chrono::seconds kMemory{4};
  // A pace is not measured over less.
  static constexpr std::chrono::milliseconds kShortest{100};

  // The destination has work from now on.
  explicit Pace(WallTime now) : since_(now), last_(now) {}

  // A job ended.
  void on_ended(WallTime now) noexcept {
    if (now < last_) *this = Pace(now);  // the clock was set back
    if (now - since_ > kMemory) {
      since_ += (now - since_) / 2;
      ended_ /= 2;
    }
    ++ended_;
    last_ = now;
  }

  // How many jobs would end within `time`, should it go on like this.
  std::uint64_t within(std::chrono::microseconds time, WallTime now) const noexcept {
    if (now < last_) return 0;
    const auto measured = std::max<std::chrono::microseconds>(now - since_, kShortest);
    return ended_ * static_cast<std::uint64_t>(time.count()) /
           static_cast<std::uint64_t>(measured.count());
  }

  // Nothing ended for so long, nor did the work begin since.
  bool stands_still(std::chrono::microseconds time, WallTime now) const noexcept {
    return now < last_ || now - last_ >= time;
  }

 private:
  WallTime since_;
  WallTime last_;
  std::uint64_t ended_ = 0;
};

}  // namespace postrider::queued
