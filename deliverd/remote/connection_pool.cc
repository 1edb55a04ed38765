#include "deliverd/remote/connection_pool.h"

#include <utility>

namespace postrider::deliverd {

void ConnectionPool::add(const Server& server, TransferPtr transfer) {
  std::unique_ptr<HostQueue>& queue = queues_[server];
  if (!queue) {
    queue = std::make_unique<HostQueue>(loop_, settings_, log_, counters_, tls_, memory_, server,
                                        [this, server] {
                                          const auto at = queues_.find(server);
                                          loop_.destroy_later(std::move(at->second));
                                          queues_.erase(at);
                                        });
  }
  queue->add(std::move(transfer));
}

std::size_t ConnectionPool::connections_to(const net::SocketAddress& address) const {
  std::size_t connections = 0;
  for (auto at = queues_.lower_bound({.peer = {.address = address}});
       at != queues_.end() && at->first.peer.address == address; ++at)
    connections += at->second->connections();
  return connections;
}

}  // namespace postrider::deliverd
