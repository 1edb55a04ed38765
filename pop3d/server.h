// server.h - the connections of one worker: who may connect, and the end of all of them.
//
// A connection beyond a limit is told so at once, in the clear, and closed, which costs no session.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/fd.h"
#include "common/base/random.h"
#include "common/base/unique_function.h"
#include "common/config/settings.h"
#include "common/limits/connections.h"
#include "common/net/listener.h"
#include "common/net/proxy_reception.h"
#include "pop3d/connection.h"

namespace postrider::pop3d {

struct ListeningSocket {
  int fd = -1;  // borrowed
  config::Pop3Listener listener = {};
};

struct ServerOptions {
  ConnectionOptions connection;
  std::string hostname;
  config::PlaintextAuth plaintext_auth = config::PlaintextAuth::loopback;
  std::uint64_t bad_command_limit = 20;
  std::uint64_t connection_limit = 5000;
  bool apop = false;
  std::chrono::seconds retention{0};  // as of SessionOptions
  net::Networks proxies = {};         // that are believed
  std::chrono::seconds proxy_timeout{5};
};

class Server {
 public:
  // Accepts on the `listening` sockets, which stay open. `services`, `clients` and `random` outlive
  // the Server.
  Server(const Services& services, limits::Connections& clients, Random& random,
         ServerOptions options, std::span<const ListeningSocket> listening);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Accepts no more, and calls `on_stopped` when the last connection has ended by itself; perhaps
  // at once.
  void retire(UniqueFunction<void()> on_stopped);
  // The same, but ends each connection as soon as it does nothing. Also after retire(), whose
  // `on_stopped` it replaces.
  void stop(UniqueFunction<void()> on_stopped);

  std::size_t connections() const noexcept { return connections_.size(); }

 private:
  void listen(const ListeningSocket& socket);
  void accept(Tls tls, Fd fd, const net::SocketAddress& client);
  SessionOptions session_options(Tls tls, const net::SocketAddress& client);
  std::string apop_timestamp();
  void accept_from_proxy(Tls tls, Fd fd, const net::SocketAddress& proxy);
  void received(Tls tls, std::uint64_t number, const net::SocketAddress& proxy,
                const Result<net::ProxyHeader>& header);
  void refuse_proxy(const net::SocketAddress& proxy, std::string_view reason);
  void note_full(const net::SocketAddress& peer);
  void refuse(int fd, const net::SocketAddress& peer, std::string_view reason);
  void send_away(int fd, std::string_view reason);
  void done(std::uint64_t number, const net::IpAddress& client);
  void tell_if_empty();

  const Services& services_;
  limits::Connections& clients_;
  Random& random_;
  const ServerOptions options_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  // Connections whose PROXY header is awaited.
  std::unordered_map<std::uint64_t, std::unique_ptr<net::ProxyReception>> receptions_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::uint64_t last_number_ = 0;
  bool full_ = false;  // the limit was reached and told
  UniqueFunction<void()> on_stopped_;
};

}  // namespace postrider::pop3d
