#include "deliverd/remote/own_addresses.h"

#include <ifaddrs.h>
#include <sys/socket.h>

#include <cstring>

#include <netinet/in.h>

#include "common/base/handle.h"

namespace postrider::deliverd {

OwnAddresses::OwnAddresses(const std::vector<config::SmtpListener>& listeners,
                           const std::vector<net::IpAddress>& interfaces) {
  for (const config::SmtpListener& listener : listeners) {
    const auto address = net::SocketAddress::parse(listener.address);
    if (!address || listener.mode != config::SmtpMode::mx) continue;
    addresses_.insert(*address);
    if (!address->ip.is_unspecified()) continue;
    // One on :: is served for both families, unless the host says otherwise.
    for (const net::IpAddress& ip : interfaces)
      if (ip.is_v4() || !address->ip.is_v4()) addresses_.insert({ip, address->port});
  }
}

std::vector<net::IpAddress> interface_addresses() {
  std::vector<net::IpAddress> addresses;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return addresses;
  const Handle<ifaddrs, &::freeifaddrs> owned(first);
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    const bool v4 = one->ifa_addr->sa_family == AF_INET;
    if (!v4 && one->ifa_addr->sa_family != AF_INET6) continue;
    sockaddr_storage storage{};
    std::memcpy(&storage, one->ifa_addr, v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    addresses.push_back(net::SocketAddress::from(storage).ip);
  }
  return addresses;
}

}  // namespace postrider::deliverd
