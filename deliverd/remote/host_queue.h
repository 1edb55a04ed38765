// host_queue.h - the transfers that wait for one server, and the connections to it.
//
// A connection is used again and again; another is opened only when many transfers wait for each
// that is open, so that a server is never met by a crowd. When a server fails, all that waits for
// it is told, and may be tried elsewhere; but where its TLS fails and need not be, it is met in the
// clear for a while (RFC 7435).
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "common/config/settings.h"
#include "common/event/event_loop.h"
#include "common/log/log.h"
#include "common/metrics/counters.h"
#include "deliverd/remote/address_races.h"
#include "deliverd/remote/connection.h"
#include "deliverd/remote/host_memory.h"

namespace postrider::deliverd {

class HostQueue final : public event::Deferred, private Connection::Owner {
 public:
  // Another connection is opened when more than this many transfers wait for each open one.
  static constexpr std::size_t kWaitingPerConnection = 20;

  // `on_empty`: nothing waits and no connection is left. Not called from inside add().
  HostQueue(event::EventLoop& loop, const config::Settings& settings, log::Logger& log,
            metrics::Counters& counters, net::TlsClient& tls, AddressRaces& races,
            HostMemory& memory, const Server& server, UniqueFunction<void()> on_empty);
  ~HostQueue() override { *alive_ = false; }

  // `done` of the transfer runs once, later.
  void add(TransferPtr transfer);

  std::size_t connections() const noexcept { return connections_.size(); }

 private:
  void on_ready(Connection& connection) override;
  void on_result(Connection& connection, TransferPtr transfer, TransferResult result) override;
  void on_closed(Connection& connection, const std::optional<Connection::Unusable>& why) override;

  void dispatch_later();
  void dispatch();
  void hand_out();
  void open_connections();
  std::size_t in_use() const noexcept;
  void host_failed(Connection::Unusable why);
  void tell_waiting(const smtp::Reply& why);

  event::EventLoop& loop_;
  const config::Settings& settings_;
  log::Logger& log_;
  metrics::Counters& counters_;
  net::TlsClient& tls_;
  AddressRaces& races_;
  HostMemory& memory_;
  const Server server_;
  UniqueFunction<void()> on_empty_;
  std::deque<TransferPtr> waiting_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::size_t connection_limit_;  // lowered to what the server bore when it refused another
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // second owner: deferred tasks
  bool dispatch_queued_ = false;
};

}  // namespace postrider::deliverd
