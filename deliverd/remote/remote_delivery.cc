#include "deliverd/remote/remote_delivery.h"

#include <utility>

#include "deliverd/outcomes.h"

namespace postrider::deliverd {

RemoteDelivery::RemoteDelivery(event::EventLoop& loop, const config::Settings& settings,
                               net::Resolver& resolver, TlsPolicies& tls_policies,
                               const Outgoing& outgoing, Random& random, const Clock& clock,
                               log::Logger& log, metrics::Counters& counters)
    : loop_(loop),
      counters_(counters),
      pool_(loop, settings, log, counters, *outgoing.tls),
      context_{loop,     settings,
               resolver, tls_policies,
               pool_,    outgoing.login ? &*outgoing.login : nullptr,
               random,   clock,
               log,      OwnAddresses(settings.smtpd.listen, outgoing.interfaces)} {}

void RemoteDelivery::deliver(const ipc::Job& job, int source, Done done) {
  auto attempt = std::make_unique<Attempt>(
      context_, job, source,
      [this, begun = loop_.now(), done = std::move(done)](Attempt& ended,
                                                          ipc::JobResult result) mutable {
        loop_.destroy_later(std::move(attempts_.extract(&ended).mapped()));
        note(result, loop_.now() - begun);
        done(std::move(result));
      });
  Attempt& started = *attempt;
  attempts_.emplace(&started, std::move(attempt));
  started.start();
}

// What was sent back to wait for its turn was not attempted.
void RemoteDelivery::note(const ipc::JobResult& result, std::chrono::microseconds taken) {
  if (result.postponed_us() > 0) return counters_.add(metrics::Counter::delivery_postponed);
  counters_.add(metrics::Counter::delivery_attempts_remote);
  counters_.observe(metrics::Duration::remote_attempt, taken);
  note_outcomes(counters_, kRemoteOutcomes, result);
}

}  // namespace postrider::deliverd
