// sender_right.cc - the sender's address is one of the user's who has logged in.
//
// RFC 6409 section 6.1. From <> goes what has no sender, as a receipt does (RFC 8098 section 3).
#include <fmt/format.h>

#include "common/checks/rows.h"

namespace postrider::checks {

Finding sender_right(const Facts& facts) {
  if (facts.sender.is_null()) return std::nullopt;
  switch (facts.sender_right) {
    case SendRight::granted: return std::nullopt;
    case SendRight::denied:
      return smtp::Reply{
          553, "5.7.1",
          fmt::format("{} may not send as {}", facts.client.user, facts.sender.str())};
    case SendRight::unknown: break;
  }
  return smtp::Reply{451, "4.3.0", "cannot look up the sender now, try again"};
}

}  // namespace postrider::checks
