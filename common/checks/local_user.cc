// local_user.cc - this user of the host may submit mail by the local socket.
#include <algorithm>

#include <fmt/format.h>

#include "common/checks/rows.h"

namespace postrider::checks {

Finding local_user(const Facts& facts) {
  if (!facts.client.uid || facts.client.may_relay) return std::nullopt;
  return smtp::Reply{550, "5.7.1", fmt::format("uid {} may not submit mail", *facts.client.uid)};
}

}  // namespace postrider::checks
