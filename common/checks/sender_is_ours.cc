// sender_is_ours.cc - a stranger sends as somebody of ours, who would log in to send.
//
// Forwarders and lists that keep the sender do so honestly.
#include <fmt/format.h>

#include "common/checks/rows.h"

namespace postrider::checks {

Finding sender_is_ours(const Facts& facts) {
  if (!facts.sender_is_ours) return std::nullopt;
  return smtp::Reply{550, "5.7.1", fmt::format("who sends as {} must log in", facts.sender.str())};
}

}  // namespace postrider::checks
