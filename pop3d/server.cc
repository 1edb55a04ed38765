#include "pop3d/server.h"

#include <sys/socket.h>

#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "common/auth/ban_words.h"

namespace postrider::pop3d {

namespace {

// RFC 1939 knows no other way than the password in the clear; see `pop3d.plaintext_auth`.
Plaintext plaintext_for(config::PlaintextAuth setting, const net::SocketAddress& peer) {
  switch (setting) {
    case config::PlaintextAuth::always: return Plaintext::allowed;
    case config::PlaintextAuth::loopback:
      return peer.ip.is_loopback() ? Plaintext::allowed : Plaintext::refused;
    case config::PlaintextAuth::never: return Plaintext::refused;
  }
  return Plaintext::refused;
}

}  // namespace

Server::Server(const Services& services, limits::Connections& clients, ServerOptions options,
               std::span<const int> listening)
    : services_(services), clients_(clients), options_(std::move(options)) {
  for (const int fd : listening)
    listeners_.push_back(std::make_unique<net::Listener>(
        services_.loop, fd,
        [this](Fd connection, const net::SocketAddress& peer) {
          accept(std::move(connection), peer);
        },
        [this](int error) {
          services_.log.error("accept_paused")
              .with("reason", std::generic_category().message(error));
        }));
}

void Server::accept(Fd fd, const net::SocketAddress& peer) {
  if (services_.attempts.is_banned(peer.ip)) return refuse(fd.get(), peer, auth::kAddressIsBanned);
  if (connections_.size() >= options_.connection_limit) {
    note_full(peer);
    return send_away(fd.get(), "too many connections, try again later");
  }
  full_ = false;
  if (const auto reason = clients_.enter(peer.ip)) return refuse(fd.get(), peer, *reason);
  const std::uint64_t number = ++last_number_;
  connections_.emplace(
      number, std::make_unique<Connection>(
                  services_, options_.connection,
                  SessionOptions{.hostname = options_.hostname,
                                 .plaintext = plaintext_for(options_.plaintext_auth, peer),
                                 .bad_command_limit = options_.bad_command_limit},
                  std::move(fd), peer, [this, number, ip = peer.ip] { done(number, ip); }));
}

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
  const std::string line = fmt::format("-ERR [SYS/TEMP] {}\r\n", reason);
  static_cast<void>(::send(fd, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

void Server::done(std::uint64_t number, const net::IpAddress& client) {
  clients_.leave(client);
  auto node = connections_.extract(number);
  services_.loop.destroy_later(std::move(node.mapped()));
  if (connections_.empty() && on_stopped_) std::exchange(on_stopped_, {})();
}

void Server::stop(UniqueFunction<void()> on_stopped) {
  listeners_.clear();
  if (connections_.empty()) return on_stopped();
  on_stopped_ = std::move(on_stopped);
  std::vector<Connection*> all;
  for (const auto& [number, connection] : connections_) all.push_back(connection.get());
  for (Connection* connection : all) connection->end_when_idle();
}

}  // namespace postrider::pop3d
