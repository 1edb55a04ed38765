// connection_pool.h - the queues of transfers and their connections, one for each server and what
// is asked of TLS with it: a connection is never used for mail that asks for more. What an address
// bears is counted over all of them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "deliverd/remote/host_queue.h"

namespace postrider::deliverd {

class ConnectionPool {
 public:
  // The references outlive the pool.
  ConnectionPool(event::EventLoop& loop, const config::Settings& settings, log::Logger& log,
                 metrics::Counters& counters, net::TlsClient& tls)
      : loop_(loop),
        settings_(settings),
        log_(log),
        counters_(counters),
        tls_(tls),
        races_(loop, settings.deliverd.connect_timeout) {}

  // Sends `transfer` to the server when its turn comes; its `done` runs once, later, unless the
  // pool is destroyed before.
  void add(const Server& server, TransferPtr transfer);

  // In which order the addresses of `host` are to be tried; as AddressRaces::order(). One that is
  // connected to comes first. There is no race where all failed just now, unless for a probe, nor
  // where connections are counted for more than an address.
  [[nodiscard]] PendingPtr order(const std::string& host, std::vector<net::IpAddress> addresses,
                                 std::uint16_t port, const config::DestinationLimits* limits,
                                 bool probe, AddressRaces::Done done);
  // A race found that nobody answers there.
  void note_silent(const net::SocketAddress& address, const smtp::Reply& why);

  // Why the server gave no session just now; null: it may be asked.
  const smtp::Reply* recent_failure(const Server& server) const {
    return memory_.recall(server, loop_.now());
  }

  // Connections to `address` that are open or being opened.
  std::uint64_t connections_to(const net::SocketAddress& address) const;

 private:
  using BudgetPtr = std::shared_ptr<Budget>;

  // Budgets of addresses: then those are forgotten that nobody draws on.
  static constexpr std::size_t kMaxBudgets = 10'000;

  BudgetPtr budget_of(const net::Endpoint& address);
  BudgetPtr budget_of(const config::DestinationLimits& limits);

  event::EventLoop& loop_;
  const config::Settings& settings_;
  log::Logger& log_;
  metrics::Counters& counters_;
  net::TlsClient& tls_;
  AddressRaces races_;
  HostMemory memory_;
  std::map<net::Endpoint, BudgetPtr> addresses_;
  std::map<const config::DestinationLimits*, BudgetPtr> destinations_;
  std::map<Server, std::unique_ptr<HostQueue>> queues_;
};

}  // namespace postrider::deliverd
