// next_hop.h - what a job says of its way: an exchange of mail by MX, a named host, or an address.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "common/base/result.h"
#include "common/net/address.h"

namespace postrider::deliverd {

// The hosts that the MX records of `domain` name; RFC 5321 section 5.1.
struct MxHop {
  std::string domain;
  std::uint16_t port = 0;
  bool operator==(const MxHop&) const = default;
};
// The addresses of one host, without MX.
struct HostHop {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const HostHop&) const = default;
};
using NextHop = std::variant<MxHop, HostHop, net::SocketAddress>;

// Reads "mx:DOMAIN", "mx:[ADDRESS]" (the domain of user@[192.0.2.1]), "smtp:HOST",
// "smtp:HOST:PORT", "smtp:[ADDRESS]" and "smtp:[ADDRESS]:PORT". Where no port is told it is `port`.
Result<NextHop> parse_next_hop(std::string_view text, std::uint16_t port);

}  // namespace postrider::deliverd
