#include "deliverd/remote/connection_pool.h"

#include <utility>

namespace postrider::deliverd {

void ConnectionPool::add(const Server& server, TransferPtr transfer) {
  std::unique_ptr<HostQueue>& queue = queues_[server];
  if (!queue) {
    queue = std::make_unique<HostQueue>(loop_, settings_, log_, counters_, tls_, races_, memory_,
                                        server, [this, server] {
                                          const auto at = queues_.find(server);
                                          loop_.destroy_later(std::move(at->second));
                                          queues_.erase(at);
                                        });
  }
  queue->add(std::move(transfer));
}

PendingPtr ConnectionPool::order(const std::string& host, std::vector<net::IpAddress> addresses,
                                 std::uint16_t port, bool probe, AddressRaces::Done done) {
  bool worth_a_race = probe;
  for (const net::IpAddress& ip : addresses) {
    const net::SocketAddress address{ip, port};
    if (connections_to(address) > 0) races_.prefer(host, port, ip);
    worth_a_race =
        worth_a_race || memory_.recall({.peer = {.address = address}}, loop_.now()) == nullptr;
  }
  return races_.order(host, std::move(addresses), port,
                      worth_a_race ? settings_.deliverd.hosts_per_attempt : 0, std::move(done));
}

void ConnectionPool::note_silent(const net::SocketAddress& address, const smtp::Reply& why) {
  memory_.on_failed({.peer = {.address = address}}, {.reply = why}, loop_.now());
}

std::size_t ConnectionPool::connections_to(const net::SocketAddress& address) const {
  std::size_t connections = 0;
  for (auto at = queues_.lower_bound({.peer = {.address = address}});
       at != queues_.end() && at->first.peer.address == address; ++at)
    connections += at->second->connections();
  return connections;
}

}  // namespace postrider::deliverd
