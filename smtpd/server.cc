#include "smtpd/server.h"

#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "common/smtp/reply.h"

namespace postrider::smtpd {

using metrics::Counter;

Server::Server(Services& services, std::span<const ListeningSocket> listening)
    : services_(services) {
  for (const auto& [fd, mode] : listening) {
    const auto& session =
        session_settings_.try_emplace(mode, session_settings(services.settings, mode)).first->second;
    listeners_.push_back(std::make_unique<net::Listener>(
        services.loop, fd,
        [this, &session](Fd connection, const net::SocketAddress& peer) {
          accept(session, std::move(connection), peer);
        },
        [this](int error) {
          services_.log.warning("accept_paused").with("reason", std::strerror(error));
        }));
  }
}

void Server::accept(const smtp::ServerSettings& session, Fd fd, const net::SocketAddress& peer) {
  const auto& limits = services_.settings.smtpd;
  if (connections_.size() >= limits.connection_limit)
    return refuse(fd, peer, "too many connections, try again later");
  std::uint64_t& of_address = per_address_[peer.ip];
  if (of_address >= limits.connection_limit_per_address)
    return refuse(fd, peer, "too many connections from your address, try again later");
  ++of_address;
  services_.counters.add(Counter::smtp_connections);
  const std::uint64_t number = next_number_++;
  connections_.emplace(
      number, std::make_unique<Connection>(services_, session, std::move(fd), peer,
                                           [this, number, ip = peer.ip] { remove(number, ip); }));
}

// One system call that does not wait: a client that cannot take a line now gets none, and one that
// wants TLS first gets it in the clear, as a handshake would cost what the limit is to save.
void Server::refuse(const Fd& fd, const net::SocketAddress& peer, std::string_view reason) {
  services_.counters.add(Counter::smtp_connections_refused);
  services_.log.info("connection_refused").with("client", peer.ip.str()).with("reason", reason);
  const std::string line =
      smtp::to_wire({421, "4.7.0", services_.settings.hostname + ' ' + std::string(reason)});
  static_cast<void>(::send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

void Server::remove(std::uint64_t number, const net::IpAddress& address) {
  const auto of_address = per_address_.find(address);
  if (--of_address->second == 0) per_address_.erase(of_address);
  const auto connection = connections_.find(number);
  services_.loop.destroy_later(std::move(connection->second));
  connections_.erase(connection);
  if (connections_.empty()) idle_later();
}

void Server::drain(UniqueFunction<void()> on_idle) {
  on_idle_ = std::move(on_idle);
  listeners_.clear();
  std::vector<Connection*> open;  // those that end at once leave the map meanwhile
  for (const auto& [number, connection] : connections_) open.push_back(connection.get());
  for (Connection* connection : open) connection->shut_down();
  if (connections_.empty()) idle_later();
}

void Server::idle_later() {
  if (on_idle_) services_.loop.defer(std::exchange(on_idle_, {}));
}

}  // namespace postrider::smtpd
