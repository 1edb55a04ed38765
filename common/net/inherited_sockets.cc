#include "common/net/inherited_sockets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

namespace postrider::net {

namespace {

bool is_listening(int fd) {
  int listening = 0;
  int type = 0;
  socklen_t length = sizeof listening;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0) return false;
  length = sizeof type;
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && listening != 0 &&
         type == SOCK_STREAM;
}

std::string path_of(const sockaddr_storage& storage, socklen_t length) {
  sockaddr_un address{};
  std::memcpy(&address, &storage, std::min<std::size_t>(length, sizeof address));
  const std::size_t size = length - std::min<std::size_t>(length, offsetof(sockaddr_un, sun_path));
  return {address.sun_path, ::strnlen(address.sun_path, size)};
}

}  // namespace

InheritedSockets InheritedSockets::take() {
  const int count = ::sd_listen_fds(1);
  std::vector<Fd> given;
  for (int i = 0; i < count; ++i) given.emplace_back(SD_LISTEN_FDS_START + i);
  return InheritedSockets(std::move(given));
}

InheritedSockets::InheritedSockets(std::vector<Fd> given) {
  for (Fd& fd : given) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    if (!is_listening(fd.get()) ||
        ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &length) != 0)
      continue;
    const int flags = ::fcntl(fd.get(), F_GETFL);
    if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) continue;
    Socket socket{std::move(fd), {}, {}};
    if (storage.ss_family == AF_UNIX) {
      socket.path = path_of(storage, length);
    } else {
      socket.address = SocketAddress::from(storage);
    }
    sockets_.push_back(std::move(socket));
  }
}

// One of all addresses of IPv6 takes IPv4 as well, unless told otherwise (ipv6(7)).
void InheritedSockets::remember_if_both(const SocketAddress& address, const Fd& claimed) {
  int only_v6 = 1;
  socklen_t length = sizeof only_v6;
  if (!claimed || !address.ip.is_unspecified() ||
      ::getsockopt(claimed.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, &length) != 0 ||
      only_v6 != 0)
    return;
  Fd again(::fcntl(claimed.get(), F_DUPFD_CLOEXEC, 0));
  if (again) of_both_.push_back({std::move(again), address, {}});
}

template <typename Is>
Fd InheritedSockets::take_first(Is is) {
  const auto found = std::find_if(sockets_.begin(), sockets_.end(), is);
  if (found == sockets_.end()) return {};
  Fd fd = std::move(found->fd);
  sockets_.erase(found);
  return fd;
}

Fd InheritedSockets::claim(const SocketAddress& address) {
  Fd fd = take_first(
      [&](const Socket& socket) { return socket.path.empty() && socket.address == address; });
  const auto is_of_all = [&](const Socket& socket) {
    return socket.path.empty() && socket.address.ip.is_unspecified() &&
           socket.address.port == address.port;
  };
  if (!fd && address.ip.is_unspecified()) fd = take_first(is_of_all);
  if (fd) {
    remember_if_both(address, fd);
    return fd;
  }
  const auto other = std::find_if(of_both_.begin(), of_both_.end(), [&](const Socket& socket) {
    return address.ip.is_unspecified() && is_of_all(socket) && socket.address != address;
  });
  return other == of_both_.end() ? Fd() : std::exchange(other->fd, Fd());
}

Fd InheritedSockets::claim(const std::string& path) {
  return take_first([&](const Socket& socket) { return !path.empty() && socket.path == path; });
}

std::vector<std::string> InheritedSockets::unclaimed() const {
  std::vector<std::string> all;
  for (const Socket& socket : sockets_)
    all.push_back(socket.path.empty() ? socket.address.str() : "unix:" + socket.path);
  return all;
}

}  // namespace postrider::net
