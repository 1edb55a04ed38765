// attempts.h - every login that was tried, whatever the protocol: the one place that hears of each.
//
// Failures are logged as `authentication_failed`, with the reason, which the client is never told.
#pragma once

#include <string_view>

#include "common/directory/credentials.h"
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

class Attempts {
 public:
  // `log` and `counters` outlive it.
  Attempts(log::Logger& log, metrics::Counters& counters) : log_(log), counters_(counters) {}

  // Once for each login that was judged; not for one that could not be.
  void note(const Attempt& attempt);

 private:
  log::Logger& log_;
  metrics::Counters& counters_;
};

}  // namespace postrider::auth
