#include "smtpd/sockets.h"

#include <unistd.h>

#include <utility>

#include "common/net/address.h"
#include "common/net/listener.h"

namespace postrider::smtpd {

namespace {

// Everybody on this host may connect, as over loopback; the folder may say otherwise.
constexpr unsigned kSocketRights = 0666;

Result<Fd> open_one(const std::string& text, net::InheritedSockets& inherited) {
  if (const auto path = config::unix_path(text)) {
    Fd given = inherited.claim(std::string(*path));
    if (given) return given;
    return net::open_listening_unix_socket(std::string(*path), kSocketRights);
  }
  auto address = net::SocketAddress::parse(text);
  if (!address) return tl::unexpected<Error>(std::move(address.error()));
  Fd given = inherited.claim(*address);
  if (given) return given;
  return net::open_listening_socket(*address);
}

void remove_if_unix(const std::string& address) {
  if (const auto path = config::unix_path(address)) ::unlink(std::string(*path).c_str());
}

}  // namespace

Result<void> Sockets::open(const config::Settings& settings) {
  std::map<std::string, Open> wanted;
  for (const config::SmtpListener& listener : settings.smtpd.listen) {
    Open& socket = wanted[listener.address];
    socket.listener = listener;
    if (socket.fd || open_.count(listener.address) > 0) continue;
    auto fd = open_one(listener.address, inherited_);
    if (!fd) {
      for (const auto& [address, opened] : wanted)
        if (opened.fd) remove_if_unix(address);
      return tl::unexpected<Error>(std::move(fd.error()));
    }
    socket.fd = std::move(*fd);
  }
  for (auto& [address, socket] : wanted)
    if (!socket.fd) socket.fd = std::move(open_[address].fd);
  open_.swap(wanted);
  for (const auto& [address, socket] : wanted)
    if (open_.count(address) == 0) remove_if_unix(address);
  return {};
}

std::vector<ListeningSocket> Sockets::listening() const {
  std::vector<ListeningSocket> all;
  for (const auto& [address, socket] : open_) all.push_back({socket.fd.get(), socket.listener});
  return all;
}

}  // namespace postrider::smtpd
