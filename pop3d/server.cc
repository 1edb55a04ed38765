#include "pop3d/server.h"

#include <sys/socket.h>

#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "common/auth/ban_words.h"

namespace postrider::pop3d {

namespace {

// Whether a password may come in the clear; see `pop3d.plaintext_auth`.
Plaintext plaintext_for(config::PlaintextAuth setting, const net::SocketAddress& client) {
  switch (setting) {
    case config::PlaintextAuth::always: return Plaintext::allowed;
    case config::PlaintextAuth::loopback:
      return client.ip.is_loopback() ? Plaintext::allowed : Plaintext::refused;
    case config::PlaintextAuth::never: return Plaintext::refused;
  }
  return Plaintext::refused;
}

Tls tls_for(config::Pop3Tls setting, bool has_certificate) {
  if (setting == config::Pop3Tls::implicit) return Tls::implicit;
  return setting == config::Pop3Tls::starttls && has_certificate ? Tls::starttls : Tls::none;
}

}  // namespace

Server::Server(const Services& services, limits::Connections& clients, Random& random,
               ServerOptions options, std::span<const ListeningSocket> listening)
    : services_(services), clients_(clients), random_(random), options_(std::move(options)) {
  for (const ListeningSocket& socket : listening) listen(socket);
}

void Server::listen(const ListeningSocket& socket) {
  const Tls tls = tls_for(socket.listener.tls, services_.tls != nullptr);
  listeners_.push_back(std::make_unique<net::Listener>(
      services_.loop, socket.fd,
      [this, tls, proxy = socket.listener.proxy](Fd connection, const net::SocketAddress& peer) {
        if (proxy) return accept_from_proxy(tls, std::move(connection), peer);
        accept(tls, std::move(connection), peer);
      },
      [this](int error) {
        services_.log.error("accept_paused").with("reason", std::generic_category().message(error));
      }));
}

void Server::accept(Tls tls, Fd fd, const net::SocketAddress& client) {
  if (services_.attempts.is_banned(client.ip))
    return refuse(fd.get(), client, auth::kAddressIsBanned);
  if (connections_.size() >= options_.connection_limit) {
    note_full(client);
    return send_away(fd.get(), "too many connections, try again later");
  }
  full_ = false;
  if (const auto reason = clients_.enter(client.ip)) return refuse(fd.get(), client, *reason);
  const std::uint64_t number = ++last_number_;
  connections_.emplace(
      number, std::make_unique<Connection>(services_, options_.connection,
                                           session_options(tls, client), std::move(fd), client,
                                           [this, number, ip = client.ip] { done(number, ip); }));
}

SessionOptions Server::session_options(Tls tls, const net::SocketAddress& client) {
  return {.hostname = options_.hostname,
          .plaintext = plaintext_for(options_.plaintext_auth, client),
          .bad_command_limit = options_.bad_command_limit,
          .tls = tls,
          .apop_timestamp = options_.apop ? apop_timestamp() : std::string(),
          .login_delay = options_.connection.login_delay,
          .retention = options_.retention};
}

// RFC 1939 section 7: a msg-id that is another each time.
std::string Server::apop_timestamp() {
  return fmt::format("<{:016x}.{}@{}>", random_.next(),
                     services_.clock.now().time_since_epoch().count(), options_.hostname);
}

// ---- Behind a proxy ----

void Server::accept_from_proxy(Tls tls, Fd fd, const net::SocketAddress& proxy) {
  if (!net::contains(options_.proxies, proxy.ip))
    return refuse_proxy(proxy, "it is not in pop3d.proxy_networks");
  if (receptions_.size() >= options_.connection_limit)
    return refuse_proxy(proxy, "too many connections without a PROXY header");
  const std::uint64_t number = ++last_number_;
  receptions_.emplace(number, std::make_unique<net::ProxyReception>(
                                  services_.loop, std::move(fd), options_.proxy_timeout,
                                  [this, tls, number, proxy](const auto& header) {
                                    received(tls, number, proxy, header);
                                  }));
}

void Server::received(Tls tls, std::uint64_t number, const net::SocketAddress& proxy,
                      const Result<net::ProxyHeader>& header) {
  const auto reception = receptions_.find(number);
  Fd connection = reception->second->take_connection();
  services_.loop.destroy_later(std::move(reception->second));
  receptions_.erase(reception);
  if (header) {
    const bool for_itself = header->source == net::ProxyHeader::Source::proxy;
    accept(tls, std::move(connection), for_itself ? proxy : header->address);
  } else {
    refuse_proxy(proxy, header.error().text);
  }
  tell_if_empty();
}

// Without a word: whoever this is, it is no client of ours.
void Server::refuse_proxy(const net::SocketAddress& proxy, std::string_view reason) {
  services_.log.warning("proxy_refused").with("proxy", proxy.ip.str()).with("reason", reason);
}

// ---- Refusals, and the end ----

// The log has one line each time the limit is reached, not one a client.
void Server::note_full(const net::SocketAddress& peer) {
  if (!std::exchange(full_, true))
    services_.log.warning("connection_limit_reached")
        .with("limit", options_.connection_limit)
        .with("client", peer.str());
}

void Server::refuse(int fd, const net::SocketAddress& peer, std::string_view reason) {
  services_.log.info("connection_refused").with("client", peer.ip.str()).with("reason", reason);
  send_away(fd, reason);
}

// One system call that does not wait: a client that cannot take a line now gets none.
void Server::send_away(int fd, std::string_view reason) {
  services_.counters.add(metrics::Counter::pop3_connections_refused);
  const std::string line = fmt::format("-ERR [SYS/TEMP] {}\r\n", reason);
  static_cast<void>(::send(fd, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

void Server::done(std::uint64_t number, const net::IpAddress& client) {
  clients_.leave(client);
  auto node = connections_.extract(number);
  services_.loop.destroy_later(std::move(node.mapped()));
  tell_if_empty();
}

void Server::tell_if_empty() {
  if (on_stopped_ && connections_.empty() && receptions_.empty()) std::exchange(on_stopped_, {})();
}

void Server::retire(UniqueFunction<void()> on_stopped) {
  listeners_.clear();
  on_stopped_ = std::move(on_stopped);
  tell_if_empty();
}

void Server::stop(UniqueFunction<void()> on_stopped) {
  receptions_.clear();
  retire(std::move(on_stopped));
  std::vector<Connection*> all;
  for (const auto& [number, connection] : connections_) all.push_back(connection.get());
  for (Connection* connection : all) connection->end_when_idle();
}

}  // namespace postrider::pop3d
