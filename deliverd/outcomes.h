// outcomes.h - what attempts come to, counted a recipient.
#pragma once

#include <array>

#include "common/ipc/messages.pb.h"
#include "common/metrics/counters.h"

namespace postrider::deliverd {

// By ipc::Outcome.
using OutcomeCounters = std::array<metrics::Counter, 4>;

inline constexpr OutcomeCounters kLocalOutcomes{
    metrics::Counter::local_deferred, metrics::Counter::local_delivered,
    metrics::Counter::local_failed, metrics::Counter::local_corrupt};
inline constexpr OutcomeCounters kRemoteOutcomes{
    metrics::Counter::remote_deferred, metrics::Counter::remote_delivered,
    metrics::Counter::remote_failed, metrics::Counter::remote_corrupt};
static_assert(ipc::DEFERRED == 0 && ipc::DELIVERED == 1 && ipc::FAILED == 2 && ipc::CORRUPT == 3);

inline void note_outcomes(metrics::Counters& counters, const OutcomeCounters& by_outcome,
                          const ipc::JobResult& result) {
  for (const ipc::RecipientResult& recipient : result.recipients()) {
    const auto outcome = static_cast<std::size_t>(recipient.outcome());
    if (outcome < by_outcome.size()) counters.add(by_outcome[outcome]);
  }
}

}  // namespace postrider::deliverd
