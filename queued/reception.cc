#include "queued/reception.h"

#include <algorithm>

namespace postrider::queued {

namespace {

// RFC 5321 section 3.8: 421 may come at any point. RFC 3463 section 3: 4.4.x network, 4.7.x policy,
// which says something of the destination where it is not our own.
bool asks_for_less(const ipc::RecipientResult& result) {
  return result.outcome() == ipc::DEFERRED &&
         (result.reply().starts_with("421") || result.status().starts_with("4.4.") ||
          (result.status().starts_with("4.7.") && !result.remote().empty()));
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
