// early_talker.cc - the client spoke before the greeting, as only programs do that listen to
// nothing.
//
// RFC 5321 section 3.1: a client waits for the greeting.
#include "common/checks/rows.h"

namespace postrider::checks {

Finding early_talker(const Facts& facts) {
  if (!facts.early) return std::nullopt;
  return smtp::Reply{550, "5.5.1", "you spoke before the greeting"};
}

}  // namespace postrider::checks
