// pace.h - how far ahead of a rate messages came.
//
// A virtual clock (the virtual scheduling of the generic cell rate algorithm, ITU-T I.371 annex A):
// it is due at the first message, each message moves it on by 1 / rate, and it never lags behind
// time. A message that comes before it is due is ahead by that much.
#pragma once

#include <chrono>
#include <optional>

namespace postrider::sink {

class Pace {
 public:
  using Seconds = std::chrono::duration<double>;

  // Messages a second, above zero.
  explicit Pace(double rate) : interval_(1 / rate) {}

  // A message came; `now` never goes back.
  void on_message(Seconds now);

  // The greatest (n - m) / rate - (t_n - t_m) of any message n and any m before it; never below
  // zero. Who may send a burst of b messages at once and then keeps the rate gets to (b - 1) /
  // rate.
  Seconds most_ahead() const noexcept { return most_ahead_; }

 private:
  const Seconds interval_;
  std::optional<Seconds> due_;
  Seconds most_ahead_{0};
};

}  // namespace postrider::sink
