#include "deliverd/remote/remote_delivery.h"

#include <utility>

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
      [this, done = std::move(done)](Attempt& ended, ipc::JobResult result) mutable {
        loop_.destroy_later(std::move(attempts_.extract(&ended).mapped()));
        counters_.add(result.postponed_us() > 0 ? metrics::Counter::delivery_postponed
                                                : metrics::Counter::delivery_attempts_remote);
        done(std::move(result));
      });
  Attempt& started = *attempt;
  attempts_.emplace(&started, std::move(attempt));
  started.start();
}

}  // namespace postrider::deliverd
