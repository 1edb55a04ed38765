// pace.h - does a client get on with its session?
//
//   busy with us       it does, whatever the time
//   between commands   a command within command_timeout, however its octets trickle
//   within a message   it does, as long as the stream's own time-out says so
//   slots are scarce   a command, or min_data_rate octets a second, within busy_timeout
//
// RFC 5321 section 4.5.3.2 asks to wait 5 minutes for a command, and 3 for a piece of a message;
// and section 3.8 allows to close with 421 when the server is in need. Looked at now and then: it
// costs a session nothing.
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
  explicit Pace(std::chrono::microseconds now) : since_(now), looked_(now) {}

  bool is_too_slow(const smtp::ServerSession& session, const PaceLimits& limits, bool scarce,
                   std::chrono::microseconds now);

 private:
  std::chrono::microseconds since_;   // the last time that it got on
  std::chrono::microseconds looked_;  // the last look
  std::uint64_t commands_ = 0;        // as of then
  std::uint64_t octets_ = 0;
};

}  // namespace postrider::smtpd
