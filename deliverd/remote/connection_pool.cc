#include "deliverd/remote/connection_pool.h"

#include <utility>

namespace postrider::deliverd {

void ConnectionPool::add(const Server& server, TransferPtr transfer) {
  std::unique_ptr<HostQueue>& queue = queues_[server];
  if (!queue) {
    const auto drop = [this, server] {
      const auto at = queues_.find(server);
      loop_.destroy_later(std::move(at->second));
      queues_.erase(at);
    };
    queue = std::make_unique<HostQueue>(
        HostQueue::Parts{loop_, settings_, log_, counters_, tls_, races_, memory_}, server,
        budget_of(server.peer.address),
        server.limits == nullptr || !server.limits->are_shared() ? nullptr
                                                                 : budget_of(*server.limits),
        drop);
  }
  queue->add(std::move(transfer));
}

PendingPtr ConnectionPool::order(const std::string& host, std::vector<net::IpAddress> addresses,
                                 std::uint16_t port, const config::DestinationLimits* limits,
                                 bool probe, AddressRaces::Done done) {
  bool worth_a_race = probe;
  for (const net::IpAddress& ip : addresses) {
    const net::SocketAddress address{ip, port};
    if (connections_to(address) > 0) races_.prefer(host, port, ip);
    worth_a_race =
        worth_a_race || memory_.recall({.peer = {.address = address}}, loop_.now()) == nullptr;
  }
  if (limits != nullptr && limits->connections > 0) worth_a_race = false;
  return races_.order(host, std::move(addresses), port,
                      worth_a_race ? settings_.deliverd.hosts_per_attempt : 0, std::move(done));
}

void ConnectionPool::note_silent(const net::SocketAddress& address, const smtp::Reply& why) {
  memory_.on_failed({.peer = {.address = address}}, {.reply = why}, loop_.now());
}

std::uint64_t ConnectionPool::connections_to(const net::SocketAddress& address) const {
  const auto at = addresses_.find(address);
  return at == addresses_.end() ? 0 : at->second->open();
}

// Kept when nobody draws on it, as it holds what the server was found to bear.
ConnectionPool::BudgetPtr ConnectionPool::budget_of(const net::Endpoint& address) {
  if (addresses_.size() >= kMaxBudgets)
    std::erase_if(addresses_, [](const auto& known) { return known.second.use_count() == 1; });
  BudgetPtr& budget = addresses_[address];
  if (!budget) budget = std::make_shared<Budget>(loop_, Budget::kNoLimit, config::Rate{});
  return budget;
}

ConnectionPool::BudgetPtr ConnectionPool::budget_of(const config::DestinationLimits& limits) {
  BudgetPtr& budget = destinations_[&limits];
  if (!budget) {
    const auto connections = limits.connections == 0 ? Budget::kNoLimit : limits.connections;
    budget = std::make_shared<Budget>(loop_, connections, limits.rate);
  }
  return budget;
}

}  // namespace postrider::deliverd
