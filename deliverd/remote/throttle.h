// throttle.h - how much time lies between two messages to one server: what the configuration asks
// for, or more where the server asks for less. Pure; time is handed in.
//
// A server that pushes back (421, or 4.7.x of its own) is given at most half of what it got before;
// with each message that it takes the pace recovers. What was under way when it pushed back says
// nothing new.
#pragma once

#include <algorithm>
#include <chrono>

namespace postrider::deliverd {

class Throttle {
 public:
  using microseconds = std::chrono::microseconds;

  // After the first push-back at least, and at most.
  static constexpr microseconds kLeast = std::chrono::milliseconds{20};
  static constexpr microseconds kMost = std::chrono::seconds{10};
  // What is pushed back within this time of the last is of the same burst.
  static constexpr microseconds kBurst = std::chrono::seconds{1};

  // `interval`: the least time between two messages, as configured; 0: none.
  explicit Throttle(microseconds interval = microseconds{0}) : interval_(interval) {}

  microseconds interval() const noexcept { return std::max(interval_, adapted_); }

  // How long until the next message may begin; 0: it may now.
  microseconds wait(microseconds now) const noexcept {
    return began_ ? std::max(last_ + interval() - now, microseconds{0}) : microseconds{0};
  }
  // A message begins.
  void begin(microseconds now) noexcept {
    if (began_) spacing_ += (std::min(now - last_, kMost) - spacing_) / kSmoothing;
    // A timer that was late does not slow the whole down; what was not used is not made up for.
    const bool paced = began_ && now - last_ < 2 * interval();
    last_ = paced ? last_ + interval() : now;
    began_ = true;
  }

  void on_pushed_back(microseconds now) noexcept {
    if (pushed_back_ && now - pushed_back_at_ < kBurst) return;
    pushed_back_ = true;
    pushed_back_at_ = now;
    adapted_ = std::clamp(2 * std::max(adapted_, spacing_), kLeast, kMost);
  }
  void on_served() noexcept {
    adapted_ -= adapted_ / kSmoothing;
    if (adapted_ < kLeast / kSmoothing) adapted_ = microseconds{0};
  }

 private:
  static constexpr int kSmoothing = 16;

  microseconds interval_;
  microseconds adapted_{0};
  microseconds spacing_{0};  // of the messages lately
  microseconds last_{0};     // when the last message was due
  microseconds pushed_back_at_{0};
  bool began_ = false;
  bool pushed_back_ = false;
};

}  // namespace postrider::deliverd
