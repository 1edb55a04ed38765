// null_sender.cc - a message without a sender is a report, and a report goes to the one who sent
// the message that it is about (RFC 5321 section 4.5.5).
//
// An alias on the way may have made several recipients of the one, so the default is to tag.
#include "common/checks/rows.h"

namespace postrider::checks {

Finding null_sender(const Facts& facts) {
  if (!facts.sender.is_null() || facts.recipients <= 1) return std::nullopt;
  return smtp::Reply{550, "5.5.3", "a message from <> goes to one recipient"};
}

}  // namespace postrider::checks
