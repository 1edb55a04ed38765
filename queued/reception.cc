#include "queued/reception.h"

#include <algorithm>

#include "common/message/push_back.h"

namespace postrider::queued {

namespace {

// A connection that is lost asks for less, too: RFC 3463 section 3.5, 4.4.x is the network.
bool asks_for_less(const ipc::RecipientResult& result) {
  if (result.outcome() != ipc::DEFERRED) return false;
  if (result.reply().starts_with("421") || result.status().starts_with("4.4.")) return true;
  return !result.remote().empty() && message::asks_for_less(result.status(), result.reply());
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
