// next_hop.h - what a job says of its way: an exchange of mail by MX, a named host, an address, or
// a Unix socket; or several of them, of which the next is asked when one gives no session.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/result.h"
#include "common/net/endpoint.h"
#include "common/smtp/protocol.h"

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
struct NextHop {
  std::variant<MxHop, HostHop, net::SocketAddress, net::UnixSocket> way;
  smtp::Protocol protocol = smtp::Protocol::smtp;
  smtp::TlsStart tls_start = smtp::TlsStart::starttls;
  bool operator==(const NextHop&) const = default;
};

// Reads next hops with commas between them, each "mx:DOMAIN", "mx:[ADDRESS]" (the domain of
// user@[192.0.2.1]), "smtp:HOST", "smtp:HOST:PORT", "smtp:[ADDRESS]", "smtp:[ADDRESS]:PORT", the
// same four with "smtps:" or "lmtp:", or "lmtp:unix:/path". Where no port is told it is `port`, or
// that of config::Scheme. Gives at least one.
Result<std::vector<NextHop>> parse_next_hops(std::string_view text, std::uint16_t port);

}  // namespace postrider::deliverd
