#include "smtpd/sockets.h"

#include <unistd.h>

#include <utility>

#include "common/net/address.h"
#include "common/net/listener.h"

namespace postrider::smtpd {

namespace {

// Everybody on this host may connect, as over loopback; the folder may say otherwise.
constexpr unsigned kSocketRights = 0666;

Fd claim(const std::string& text, net::InheritedSockets& inherited) {
  if (const auto path = config::unix_path(text)) return inherited.claim(std::string(*path));
  const auto address = net::SocketAddress::parse(text);
  return address ? inherited.claim(*address) : Fd();
}

Result<Fd> open_one(const std::string& text) {
  if (const auto path = config::unix_path(text))
    return net::open_listening_unix_socket(std::string(*path), kSocketRights);
  auto address = net::SocketAddress::parse(text);
  if (!address) return pass_on(std::move(address.error()));
  return net::open_listening_socket(*address);
}

}  // namespace

// Of those Unix sockets that were opened here.
void Sockets::remove_names(const std::map<std::string, Open>& sockets) {
  for (const auto& [address, socket] : sockets)
    if (const auto path = config::unix_path(address); path && socket.fd && !socket.is_given)
      ::unlink(std::string(*path).c_str());
}

Result<void> Sockets::open(const config::Settings& settings) {
  std::map<std::string, Open> wanted;
  for (const config::SmtpListener& listener : settings.smtpd.listen) {
    Open& socket = wanted[listener.address];
    socket.listener = listener;
    if (socket.fd || open_.count(listener.address) > 0) continue;
    socket.fd = claim(listener.address, inherited_);
    socket.is_given = bool{socket.fd};
    if (socket.is_given) continue;
    auto fd = open_one(listener.address);
    if (!fd) {
      remove_names(wanted);
      return pass_on(std::move(fd.error()));
    }
    socket.fd = std::move(*fd);
  }
  for (auto& [address, socket] : wanted) {
    if (socket.fd) continue;
    socket.fd = std::move(open_[address].fd);
    socket.is_given = open_[address].is_given;
  }
  open_.swap(wanted);
  for (const auto& [address, socket] : open_) wanted.erase(address);
  remove_names(wanted);
  return {};
}

std::vector<ListeningSocket> Sockets::listening() const {
  std::vector<ListeningSocket> all;
  for (const auto& [address, socket] : open_) all.push_back({socket.fd.get(), socket.listener});
  return all;
}

}  // namespace postrider::smtpd
