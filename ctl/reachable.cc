#include "ctl/reachable.h"

namespace postrider::ctl {

std::optional<net::SocketAddress> reachable(const std::string& listener) {
  auto address = net::SocketAddress::parse(listener);
  if (!address) return std::nullopt;
  if (address->ip.is_unspecified())
    address->ip = net::IpAddress::parse(address->ip.is_v4() ? "127.0.0.1" : "::1").value();
  return *address;
}

}  // namespace postrider::ctl
