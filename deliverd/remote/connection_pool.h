// connection_pool.h - the queues of transfers and their connections, one for each server address.
#pragma once

#include <map>
#include <memory>

#include "deliverd/remote/host_queue.h"

namespace postrider::deliverd {

class ConnectionPool {
 public:
  // The references outlive the pool.
  ConnectionPool(event::EventLoop& loop, const config::Settings& settings, log::Logger& log,
                 metrics::Counters& counters)
      : loop_(loop), settings_(settings), log_(log), counters_(counters) {}

  // Sends `transfer` to the server at `address` when its turn comes; its `done` runs once, later,
  // unless the pool is destroyed before.
  void add(const net::SocketAddress& address, TransferPtr transfer);

  // Why the server at `address` gave no session just now; null: it may be asked.
  const smtp::Reply* recent_failure(const net::SocketAddress& address) const {
    return memory_.recall(address, loop_.now());
  }

  // Connections to `address` that are open or being opened.
  std::size_t connections_to(const net::SocketAddress& address) const;

 private:
  event::EventLoop& loop_;
  const config::Settings& settings_;
  log::Logger& log_;
  metrics::Counters& counters_;
  HostMemory memory_;
  std::map<net::SocketAddress, std::unique_ptr<HostQueue>> queues_;
};

}  // namespace postrider::deliverd
