// pipelining.cc - the client did not wait for a reply that it had to wait for: before it was told
// of PIPELINING, or behind a command that must be the last of its group.
//
// Mail that is written into the connection blindly, and commands that were smuggled into it, look
// so. RFC 2920 section 3.1.
#include "common/checks/rows.h"

namespace postrider::checks {

Finding pipelining(const Facts& facts) {
  if (!facts.impatient) return std::nullopt;
  return smtp::Reply{550, "5.5.1", "you did not wait for a reply that you had to wait for"};
}

}  // namespace postrider::checks
