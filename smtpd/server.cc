#include "smtpd/server.h"

#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "common/net/peer_credentials.h"
#include "common/smtp/reply.h"

namespace postrider::smtpd {

using metrics::Counter;

namespace {

PaceLimits pace_limits(const config::Settings::Smtpd& smtpd) {
  return {smtpd.command_timeout, smtpd.busy_timeout, smtpd.min_data_rate};
}

}  // namespace

Server::Server(Services& services, std::span<const ListeningSocket> listening)
    : services_(services),
      proxies_(net::parse_networks(services.settings.smtpd.proxy_networks)),
      pace_(pace_limits(services.settings.smtpd)),
      look_timer_(services.loop, [this] { end_slow(); }) {
  look_timer_.arm(kLookInterval);
  for (const auto& [fd, described] : listening) {
    const Listener& listener = listeners_.emplace_back(make_listener(services.settings, described));
    acceptors_.push_back(std::make_unique<net::Listener>(
        services.loop, fd,
        [this, &listener, proxy = described.proxy](Fd connection, const net::SocketAddress& peer) {
          if (proxy) return accept_from_proxy(listener, std::move(connection), peer);
          accept(listener, std::move(connection), peer);
        },
        [this](int error) {
          services_.log.warning("accept_paused").with("reason", std::strerror(error));
        }));
  }
}

// For whom a connection counts: an address, or without one the user of this host whose program it
// is. Of a client whose proxy does not tell an address, neither is known.
struct Server::Origin {
  Origin(const Fd& fd, const net::IpAddress& from) : address(from) {
    if (address.is_unspecified()) uid = net::peer_credentials(fd.get()).uid;
  }
  bool is_user() const noexcept { return address.is_unspecified(); }
  std::string str() const {
    if (!is_user()) return address.str();
    return uid == net::PeerCredentials::kNoUser ? "unknown" : "uid " + std::to_string(uid);
  }

  net::IpAddress address;
  unsigned uid = net::PeerCredentials::kNoUser;
};

std::optional<std::string_view> Server::enter(const Origin& origin) {
  auto& admission = services_.admission;
  return origin.is_user() ? admission.enter_user(origin.uid) : admission.enter(origin.address);
}

void Server::leave(const Origin& origin) {
  auto& admission = services_.admission;
  return origin.is_user() ? admission.leave_user(origin.uid) : admission.leave(origin.address);
}

void Server::accept(const Listener& listener, Fd fd, const net::SocketAddress& client) {
  const Origin origin(fd, client.ip);
  if (connections_.size() >= services_.settings.smtpd.connection_limit)
    return refuse(fd, origin, "too many connections, try again later");
  if (const auto reason = enter(origin)) return refuse(fd, origin, *reason);
  services_.counters.add(Counter::smtp_connections);
  services_.counters.change(metrics::Gauge::connections, 1);
  const std::uint64_t number = next_number_++;
  connections_.emplace(
      number, std::make_unique<Connection>(services_, listener, std::move(fd), client,
                                           [this, number, origin] { remove(number, origin); }));
}

// ---- Behind a proxy ----

void Server::accept_from_proxy(const Listener& listener, Fd fd, const net::SocketAddress& proxy) {
  const auto& smtpd = services_.settings.smtpd;
  if (!net::contains(proxies_, proxy.ip))
    return refuse_proxy(proxy, "it is not in smtpd.proxy_networks");
  if (receptions_.size() >= smtpd.connection_limit)
    return refuse_proxy(proxy, "too many connections without a PROXY header");
  const std::uint64_t number = next_number_++;
  receptions_.emplace(number, std::make_unique<net::ProxyReception>(
                                  services_.loop, std::move(fd), smtpd.proxy_timeout,
                                  [this, &listener, number, proxy](const auto& header) {
                                    received(listener, number, proxy, header);
                                  }));
}

void Server::received(const Listener& listener, std::uint64_t number,
                      const net::SocketAddress& proxy, const Result<net::ProxyHeader>& header) {
  const auto reception = receptions_.find(number);
  Fd connection = reception->second->take_connection();
  services_.loop.destroy_later(std::move(reception->second));
  receptions_.erase(reception);
  if (header) {
    const bool for_itself = header->source == net::ProxyHeader::Source::proxy;
    accept(listener, std::move(connection), for_itself ? proxy : header->address);
  } else {
    refuse_proxy(proxy, header.error().text);
  }
  idle_later();
}

// Without a word: whoever this is, it is no client of ours.
void Server::refuse_proxy(const net::SocketAddress& proxy, std::string_view reason) {
  services_.counters.add(Counter::smtp_connections_refused);
  services_.log.warning("proxy_refused").with("proxy", proxy.ip.str()).with("reason", reason);
}

// ---- Refusals, and the end ----

// They are few, and leave the map meanwhile.
void Server::end_slow() {
  const auto& smtpd = services_.settings.smtpd;
  const bool scarce = connections_.size() * 100 >= smtpd.connection_limit * smtpd.busy_percent;
  std::vector<Connection*> slow;
  for (const auto& [number, connection] : connections_)
    if (connection->is_too_slow(pace_, scarce)) slow.push_back(connection.get());
  for (Connection* connection : slow) connection->end_slow();
  look_timer_.arm(kLookInterval);
}

// One system call that does not wait: a client that cannot take a line now gets none, and one that
// wants TLS first gets it in the clear, as a handshake would cost what the limit is to save.
void Server::refuse(const Fd& fd, const Origin& origin, std::string_view reason) {
  services_.counters.add(Counter::smtp_connections_refused);
  services_.log.info("connection_refused").with("client", origin.str()).with("reason", reason);
  const std::string line =
      smtp::to_wire({421, "4.7.0", services_.settings.hostname + ' ' + std::string(reason)});
  static_cast<void>(::send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

void Server::remove(std::uint64_t number, const Origin& origin) {
  leave(origin);
  services_.counters.change(metrics::Gauge::connections, -1);
  const auto connection = connections_.find(number);
  services_.loop.destroy_later(std::move(connection->second));
  connections_.erase(connection);
  idle_later();
}

void Server::retire(UniqueFunction<void()> on_idle) {
  on_idle_ = std::move(on_idle);
  acceptors_.clear();
  idle_later();
}

void Server::drain(UniqueFunction<void()> on_idle) {
  on_idle_ = std::move(on_idle);
  acceptors_.clear();
  receptions_.clear();
  std::vector<Connection*> open;  // those that end at once leave the map meanwhile
  for (const auto& [number, connection] : connections_) open.push_back(connection.get());
  for (Connection* connection : open) connection->shut_down();
  idle_later();
}

// Once there is nobody left.
void Server::idle_later() {
  if (on_idle_ && connections_.empty() && receptions_.empty())
    services_.loop.defer(std::exchange(on_idle_, {}));
}

}  // namespace postrider::smtpd
