// server.h - the connections of one worker: who may connect, and the end of all of them.
//
// A connection beyond a limit is told 421 at once and closed, which costs no session. One that does
// not get on is ended, the sooner when slots are scarce. When descriptors run out, accepting pauses
// (net::Listener) and connections wait in the kernel.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/unique_function.h"
#include "common/net/listener.h"
#include "common/net/proxy_reception.h"
#include "smtpd/connection.h"
#include "smtpd/pace.h"
#include "smtpd/services.h"
#include "smtpd/sockets.h"

namespace postrider::smtpd {

class Server {
 public:
  // How often it is looked who does not get on.
  static constexpr std::chrono::seconds kLookInterval{2};

  // Accepts on the sockets `listening`, which are borrowed. `services` outlives the Server.
  Server(Services& services, std::span<const ListeningSocket> listening);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Accepts no more, lets each session go on to its end, and calls `on_idle` from the loop when the
  // last connection is gone. Once.
  void retire(UniqueFunction<void()> on_idle);
  // The same, but a session ends with the command or message it is at. Also after retire(), whose
  // `on_idle` it replaces.
  void drain(UniqueFunction<void()> on_idle);

  // Ends the sessions that do not get on (pace.h); by itself every kLookInterval.
  void end_slow();

  std::size_t connections() const noexcept { return connections_.size(); }

 private:
  using ConnectionMap = std::unordered_map<std::uint64_t, std::unique_ptr<Connection>>;
  using ReceptionMap = std::unordered_map<std::uint64_t, std::unique_ptr<net::ProxyReception>>;

  struct Origin;
  std::optional<std::string_view> enter(const Origin& origin);
  void leave(const Origin& origin);
  void accept(const Listener& listener, Fd fd, const net::SocketAddress& client);
  void accept_from_proxy(const Listener& listener, Fd fd, const net::SocketAddress& proxy);
  void received(const Listener& listener, std::uint64_t number, const net::SocketAddress& proxy,
                const Result<net::ProxyHeader>& header);
  void refuse(const Fd& fd, const Origin& origin, std::string_view reason);
  void refuse_proxy(const net::SocketAddress& proxy, std::string_view reason);
  void remove(std::uint64_t number, const Origin& origin);
  void idle_later();

  Services& services_;
  std::deque<Listener> listeners_;  // they stay in place
  const net::Networks proxies_;
  ReceptionMap receptions_;  // connections whose PROXY header is awaited
  ConnectionMap connections_;
  std::uint64_t next_number_ = 0;
  const PaceLimits pace_;
  event::Timer look_timer_;
  std::vector<std::unique_ptr<net::Listener>> acceptors_;
  UniqueFunction<void()> on_idle_;
};

}  // namespace postrider::smtpd
