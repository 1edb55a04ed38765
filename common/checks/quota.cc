// quota.cc - the recipient's mailbox has room for the message, as far as deliverd has told, beside
// what was promised to other messages. What is only promised may yet be given back.
//
// A mailbox behind an alias is not looked at: its mail waits in the queue while it is full.
#include "common/checks/rows.h"

namespace postrider::checks {

Finding quota(const Facts& facts) {
  constexpr const char* kFull = "the recipient's mailbox is full";
  switch (facts.room) {
    case quota::Grant::full: return smtp::Reply{552, "5.2.2", kFull};
    case quota::Grant::full_for_now: return smtp::Reply{452, "4.2.2", kFull};
    case quota::Grant::granted:
    case quota::Grant::larger: return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace postrider::checks
