#include "smtpd/pace.h"

#include <utility>

namespace postrider::smtpd {

bool Pace::is_too_slow(const smtp::ServerSession& session, const PaceLimits& limits, bool scarce,
                       std::chrono::microseconds now) {
  const auto span = now - std::exchange(last_look_, now);
  const auto before = std::exchange(progress_, session.progress());
  const double expected =
      std::chrono::duration<double>(span).count() * static_cast<double>(limits.min_data_rate);
  const bool sends = static_cast<double>(progress_.content - before.content) >= expected;
  if (session.busy() || progress_.commands != before.commands) last_command_ = now;
  if (progress_.steps != before.steps || sends) {
    last_step_ = now;
  } else if (session.busy()) {
    last_step_ += span;
  }
  if (scarce) return !session.busy() && now - last_step_ > limits.busy_timeout;
  return !session.receiving() && now - last_command_ > limits.command_timeout;
}

}  // namespace postrider::smtpd
