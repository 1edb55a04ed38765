#include "common/net/endpoint.h"

namespace postrider::net {

std::string to_text(const Endpoint& endpoint) {
  if (const auto* const address = std::get_if<SocketAddress>(&endpoint)) return address->str();
  return "unix:" + std::get<UnixSocket>(endpoint).path;
}

}  // namespace postrider::net
