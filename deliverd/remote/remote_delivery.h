// remote_delivery.h - hands mail to other servers: an Attempt a job, over a pool of connections.
#pragma once

#include <memory>
#include <unordered_map>

#include "common/metrics/counters.h"
#include "deliverd/remote/attempt.h"
#include "deliverd/remote/outgoing.h"

namespace postrider::deliverd {

class RemoteDelivery final : public Delivery {
 public:
  // The references outlive this object.
  RemoteDelivery(event::EventLoop& loop, const config::Settings& settings, net::Resolver& resolver,
                 TlsPolicies& tls_policies, const Outgoing& outgoing, Random& random,
                 const Clock& clock, log::Logger& log, metrics::Counters& counters);

  void deliver(const ipc::Job& job, int source, Done done) override;

  // Connections to `address` that are open or being opened.
  std::size_t connections_to(const net::SocketAddress& address) const {
    return pool_.connections_to(address);
  }

 private:
  void note(const ipc::JobResult& result, std::chrono::microseconds taken);

  event::EventLoop& loop_;
  metrics::Counters& counters_;
  std::unordered_map<const Attempt*, std::unique_ptr<Attempt>> attempts_;
  ConnectionPool pool_;  // after attempts_: its transfers refer to them
  const AttemptContext context_;
};

}  // namespace postrider::deliverd
