// throttle.h - how much time lies between two messages: what the configuration asks for, or more
// where a server asks for less. Pure; time is handed in.
//
// A rate is spread evenly (GCRA, ITU-T I.371): in no period more messages begin than the rate
// allows. What a late timer missed within kSlack is made up for; what nobody wanted is not.
//
// A server that pushes back (421, or 4.7.x) is given at most half of what it got before; with each
// message that it takes, and with time, the pace recovers. What was under way when it pushed back
// says nothing new.
#pragma once

#include <algorithm>
#include <chrono>

#include "common/config/settings.h"

namespace postrider::deliverd {

class Throttle {
 public:
  using microseconds = std::chrono::microseconds;
  using nanoseconds = std::chrono::nanoseconds;

  // So much of a rate may come at once.
  static constexpr microseconds kSlack = std::chrono::milliseconds{10};
  // Between two messages after the first push-back at least, and at most.
  static constexpr microseconds kLeast = std::chrono::milliseconds{20};
  static constexpr microseconds kMost = std::chrono::seconds{10};
  // After so long without a push-back the time between two messages is halved.
  static constexpr microseconds kEase = std::chrono::minutes{1};
  // What is pushed back within this time of the last is of the same burst.
  static constexpr microseconds kBurst = std::chrono::seconds{1};

  explicit Throttle(const config::Rate& rate = {}) {
    if (rate.count == 0) return;
    const auto count = static_cast<nanoseconds::rep>(rate.count);
    const nanoseconds period = rate.period;
    const nanoseconds::rep at_once = count * nanoseconds(kSlack).count() / period.count();
    // Rounded up; at_once is a hundredth of the count at most.
    interval_ = (period + nanoseconds(count - at_once - 1)) / (count - at_once);
    slack_ = at_once * interval_;
  }

  // Between two messages as it is now; 0: none.
  nanoseconds interval() const noexcept { return std::max<nanoseconds>(interval_, adapted_); }
  // Between two messages lately, where others waited; it fades where none do.
  microseconds spacing() const noexcept { return spacing_; }

  // How long until the next message may begin; 0: it may now. Times are those of one clock that
  // never goes back.
  microseconds wait(microseconds now) const noexcept {
    const nanoseconds slack = adapted_ > interval_ ? nanoseconds{0} : slack_;
    return std::chrono::ceil<microseconds>(std::max(due_ - slack - now, nanoseconds{0}));
  }
  // A message begins. `in_demand`: others have waited ever since the last one began.
  void begin(microseconds now, bool in_demand) noexcept {
    for (; adapted_ > microseconds{0} && now - eased_at_ >= kEase; eased_at_ += kEase)
      adapted_ = adapted_ > kLeast ? adapted_ / 2 : microseconds{0};
    spacing_ +=
        ((in_demand ? std::min(now - last_, kMost) : microseconds{0}) - spacing_) / kSmoothing;
    due_ = std::max<nanoseconds>(due_, now) + interval();
    last_ = now;
  }

  // True: it is slower than before.
  bool on_pushed_back(microseconds now) noexcept {
    if (pushed_back_ && now - pushed_back_at_ < kBurst) return false;
    pushed_back_ = true;
    pushed_back_at_ = now;
    eased_at_ = now;
    const microseconds before = adapted_;
    adapted_ = std::clamp(2 * std::max(adapted_, spacing_), kLeast, kMost);
    due_ = std::max<nanoseconds>(due_, last_ + adapted_);
    return adapted_ > before;
  }
  void on_served() noexcept {
    adapted_ -= adapted_ / kSmoothing;
    if (adapted_ < kLeast / kSmoothing) adapted_ = microseconds{0};
  }

 private:
  static constexpr int kSmoothing = 16;

  nanoseconds interval_{0};
  nanoseconds slack_{0};
  nanoseconds due_{0};  // when the next message is due
  microseconds adapted_{0};
  microseconds spacing_{0};
  microseconds last_{0};  // when a message began
  microseconds pushed_back_at_{0};
  microseconds eased_at_{0};
  bool pushed_back_ = false;
};

}  // namespace postrider::deliverd
