#include "common/message/push_back.h"

#include "common/base/ascii.h"
#include "common/message/cause.h"

namespace postrider::message {

namespace {

// RFC 3463 section 3.2 (x.1, an address), 3.3 (x.2, a mailbox) and 3.6 (x.5.3, as many recipients
// as one message may have, RFC 5321 section 4.5.3.1.10): less for the destination would not help.
bool is_of_one(std::string_view status, std::string_view reply) {
  return status.starts_with("4.1.") || status.starts_with("4.2.") || status == "4.5.3" ||
         to_lower(reply).find("too many recipients") != std::string::npos;
}

}  // namespace

// RFC 5321 section 3.8: 421 may come at any point. RFC 3463 section 3.8: 4.7.x is policy. Who lists
// us for a while or finds us too quick may say so under any other status; who does not know a
// sender yet wants nothing of the rest.
bool asks_for_less(std::string_view status, std::string_view reply) {
  if (reply.starts_with("421")) return true;
  const bool policy = status.starts_with("4.7.");
  switch (cause_of(status, reply)) {
    case Cause::rate: return policy || !is_of_one(status, reply);
    case Cause::reputation: return true;
    case Cause::greylisted: return false;
    default: return policy;
  }
}

}  // namespace postrider::message
