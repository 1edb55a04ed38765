// pace.h - does a client get on with its session?
//
//   between commands   a command within command_timeout, whichever it is and however its octets
//                      trickle
//   within a message   it does, as long as the stream's own time-out says so
//   slots are scarce   within busy_timeout a step towards the end of a message, or min_data_rate
//                      octets of one a second: NOOP and its like keep no slot
//
// The time that a client waits for us does not count. RFC 5321 section 4.5.3.2 asks to wait 5
// minutes for a command, and 3 for a piece of a message; and section 3.8 allows to close with 421
// when the server is in need. Looked at now and then: it costs a session nothing.
#pragma once

#include <chrono>
#include <cstdint>

#include "common/smtp/server_session.h"

namespace postrider::smtpd {

struct PaceLimits {
  std::chrono::seconds command_timeout{};
  std::chrono::seconds busy_timeout{};
  std::uint64_t min_data_rate = 0;  // octets a second
};

class Pace {
 public:
  // From the start of the connection. Monotonic time, as in is_too_slow().
  explicit Pace(std::chrono::microseconds now)
      : last_look_(now), last_command_(now), last_step_(now) {}

  bool is_too_slow(const smtp::ServerSession& session, const PaceLimits& limits, bool scarce,
                   std::chrono::microseconds now);

 private:
  std::chrono::microseconds last_look_;
  std::chrono::microseconds last_command_;
  std::chrono::microseconds last_step_;     // later by what it waited for us since
  smtp::ServerSession::Progress progress_;  // at the last look
};

}  // namespace postrider::smtpd
