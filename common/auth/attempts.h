// attempts.h - every login that was tried, whatever the protocol: the one place that hears of each,
// and what follows from it.
//
//   a wrong password    the reply is held back, longer with each of that address
//   too many of them    the address is banned, and apart from that the account
//   while a ban holds   a login is refused whatever its password
//
// Bans: common/limits/bans.h. Failures are logged as `authentication_failed`, with the reason,
// which the client is never told.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/config/settings.h"
#include "common/limits/bans.h"
#include "common/log/condition.h"
#include "common/log/log.h"
#include "common/metrics/counters.h"
#include "common/net/address.h"

namespace postrider::auth {

struct Attempt {
  net::IpAddress client;
  std::string_view user;       // as the client gave it
  std::string_view mechanism;  // of SASL; "USER" is that of POP3
  bool accepted = false;
  std::string_view reason;  // when refused
};

// The bans that all processes share, from the run directory; where they cannot be had, the log is
// told and they are this process's alone.
limits::Bans open_bans(const std::string& run_directory, log::Logger& log);

struct Consequence {
  bool banned = false;  // the login is refused, and may be tried again when the ban is over
  std::chrono::microseconds delay{0};  // of the reply
};

class Attempts {
 public:
  // All outlive it.
  Attempts(limits::Bans& bans, const config::Settings::Bans& settings, const Clock& clock,
           log::Logger& log, metrics::Counters& counters);

  // Once for each login that was judged; not for one that could not be.
  Consequence note(const Attempt& attempt);

  // No connection is taken from it. False where the bans cannot be asked, of which the log tells.
  bool is_banned(const net::IpAddress& client);

 private:
  bool is_exempt(const net::IpAddress& client) const;
  bool is_banned(limits::BanKind kind, const std::string& name);
  bool is_banned(const Attempt& attempt);
  double fail(limits::BanKind kind, const std::string& name, std::uint64_t allowed);
  std::chrono::microseconds count_failure(const Attempt& attempt);

  limits::Bans& bans_;
  const config::Settings::Bans& settings_;
  const net::Networks exempt_;
  const Clock& clock_;
  log::Logger& log_;
  metrics::Counters& counters_;
  log::Condition unreachable_;  // the bans
};

}  // namespace postrider::auth
