// loop.cc - the message has more Received fields than a message gathers on its way.
//
// RFC 5321 section 6.3.
#include <fmt/format.h>

#include "common/checks/rows.h"

namespace postrider::checks {

Finding loop(const Facts& facts) {
  const std::uint64_t limit = facts.settings.smtpd.received_limit;
  if (facts.header.received < limit) return std::nullopt;
  return smtp::Reply{554, "5.4.6", fmt::format("mail loop: {} Received fields or more", limit)};
}

}  // namespace postrider::checks
