#include "deliverd/remote/connection_pool.h"

#include <utility>

namespace postrider::deliverd {

void ConnectionPool::add(const net::SocketAddress& address, TransferPtr transfer) {
  std::unique_ptr<HostQueue>& queue = queues_[address];
  if (!queue) {
    queue = std::make_unique<HostQueue>(loop_, settings_, log_, counters_, memory_, address,
                                        [this, address] {
                                          const auto at = queues_.find(address);
                                          loop_.destroy_later(std::move(at->second));
                                          queues_.erase(at);
                                        });
  }
  queue->add(std::move(transfer));
}

std::size_t ConnectionPool::connections_to(const net::SocketAddress& address) const {
  const auto at = queues_.find(address);
  return at == queues_.end() ? 0 : at->second->connections();
}

}  // namespace postrider::deliverd
