// quota.cc - the recipient's mailbox has room, as far as deliverd told lately.
//
// A mailbox behind an alias is not looked at: its mail waits in the queue while it is full.
#include "common/checks/rows.h"

namespace postrider::checks {

Finding quota(const Facts& facts) {
  if (!facts.full) return std::nullopt;
  return smtp::Reply{552, "5.2.2", "the recipient's mailbox is full"};
}

}  // namespace postrider::checks
