// endpoint.h - where a server is found: at an IP address and port, or at a Unix socket.
#pragma once

#include <compare>
#include <string>
#include <variant>

#include "common/net/address.h"

namespace postrider::net {

struct UnixSocket {
  std::string path;
  auto operator<=>(const UnixSocket&) const = default;
};

using Endpoint = std::variant<SocketAddress, UnixSocket>;

// "192.0.2.1:25", "[2001:db8::1]:25", "unix:/run/lmtp".
std::string to_text(const Endpoint& endpoint);

}  // namespace postrider::net
