#include "deliverd/remote/server.h"

#include <fmt/format.h>

namespace postrider::deliverd {

std::string remote_name(std::string_view host, const net::Endpoint& endpoint) {
  const auto* const address = std::get_if<net::SocketAddress>(&endpoint);
  if (address == nullptr) return net::to_text(endpoint);
  return fmt::format("{}[{}]", host, address->ip.str());
}

}  // namespace postrider::deliverd
