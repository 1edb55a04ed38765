#include "queued/reception.h"

#include <algorithm>

#include "common/base/ascii.h"
#include "common/message/cause.h"

namespace postrider::queued {

namespace {

// RFC 3463 section 3.2 (x.1, an address), 3.3 (x.2, a mailbox) and 3.6 (x.5.3, as many recipients
// as one message may have, RFC 5321 section 4.5.3.1.10): less for the destination would not help.
bool is_of_one(const ipc::RecipientResult& result) {
  const std::string& status = result.status();
  return status.starts_with("4.1.") || status.starts_with("4.2.") || status == "4.5.3" ||
         to_lower(result.reply()).find("too many recipients") != std::string::npos;
}

// RFC 5321 section 3.8: 421 may come at any point. RFC 3463 section 3: 4.4.x network, 4.7.x policy,
// which says something of the destination where it is not our own. Who lists us for a while or
// finds us too quick may say so under any other status; who does not know a sender yet wants
// nothing of the rest.
bool asks_for_less(const ipc::RecipientResult& result) {
  if (result.outcome() != ipc::DEFERRED) return false;
  if (result.reply().starts_with("421") || result.status().starts_with("4.4.")) return true;
  if (result.remote().empty()) return false;
  const bool policy = result.status().starts_with("4.7.");
  switch (message::cause_of(result.status(), result.reply())) {
    case message::Cause::rate: return policy || !is_of_one(result);
    case message::Cause::reputation: return true;
    case message::Cause::greylisted: return false;
    default: return policy;
  }
}

bool is_answer(const ipc::RecipientResult& result) {
  return !result.remote().empty() || result.outcome() == ipc::DELIVERED ||
         result.outcome() == ipc::FAILED;
}

}  // namespace

Reception reception_of(const ipc::JobResult& result) {
  if (result.has_unreachable()) return Reception::unreachable;
  const auto& recipients = result.recipients();
  if (std::any_of(recipients.begin(), recipients.end(), asks_for_less))
    return Reception::pushed_back;
  return std::any_of(recipients.begin(), recipients.end(), is_answer) ? Reception::served
                                                                      : Reception::unknown;
}

}  // namespace postrider::queued
