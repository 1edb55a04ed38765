#include "common/config/dns_ports.h"

#include "common/net/address.h"

namespace postrider::config {

std::vector<std::uint16_t> dns_ports(const Settings& settings) {
  constexpr std::uint16_t kDomain = 53;
  std::vector<std::uint16_t> ports{kDomain};
  for (const std::string& server : settings.dns.servers)
    if (const auto address = net::SocketAddress::parse(server)) ports.push_back(address->port);
  return ports;
}

}  // namespace postrider::config
