#include "smtpd/pace.h"

#include <utility>

namespace postrider::smtpd {

bool Pace::is_too_slow(const smtp::ServerSession& session, const PaceLimits& limits, bool scarce,
                       std::chrono::microseconds now) {
  const std::chrono::duration<double> span = now - std::exchange(looked_, now);
  const smtp::ServerSession::Progress progress = session.progress();
  const auto octets =
      static_cast<double>(progress.octets - std::exchange(octets_, progress.octets));
  const bool got_on = std::exchange(commands_, progress.commands) != progress.commands ||
                      octets >= span.count() * static_cast<double>(limits.min_data_rate);
  if (session.busy() || got_on) since_ = now;
  if (!scarce && session.receiving()) return false;
  return now - since_ > (scarce ? limits.busy_timeout : limits.command_timeout);
}

}  // namespace postrider::smtpd
