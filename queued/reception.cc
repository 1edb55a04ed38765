#include "queued/reception.h"

#include <algorithm>

#include "common/message/cause.h"

namespace postrider::queued {

namespace {

// RFC 5321 section 3.8: 421 may come at any point. RFC 3463 section 3: 4.4.x network, 4.7.x policy,
// which says something of the destination where it is not our own. Who lists us for a while or
// finds us too quick may say so under any status; who does not know a sender yet wants nothing of
// the rest.
bool asks_for_less(const ipc::RecipientResult& result) {
  if (result.outcome() != ipc::DEFERRED) return false;
  if (result.reply().starts_with("421") || result.status().starts_with("4.4.")) return true;
  if (result.remote().empty()) return false;
  switch (message::cause_of(result.status(), result.reply())) {
    case message::Cause::rate:
    case message::Cause::reputation: return true;
    case message::Cause::greylisted: return false;
    default: return result.status().starts_with("4.7.");
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
