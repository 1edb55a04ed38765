// address.h - socket addresses: IPv4 and IPv6 with a port, and networks in CIDR form.
#pragma once

#include <sys/socket.h>

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace postrider::net {

// An IPv4 or IPv6 address. An IPv4-mapped IPv6 address is kept as IPv4.
class IpAddress {
 public:
  // "192.0.2.1" or "2001:db8::1", no brackets, no zone.
  static Result<IpAddress> parse(std::string_view text);

  IpAddress() = default;
  // 4 or 16 octets in network order.
  explicit IpAddress(std::string_view octets);

  bool is_v4() const noexcept { return v4_; }
  bool is_loopback() const noexcept;
  // 0.0.0.0 and ::, which no peer has: for one whose address is not known.
  bool is_unspecified() const noexcept;
  std::string str() const;
  // As an address literal: "[192.0.2.1]" or "[IPv6:2001:db8::1]" (RFC 5321 section 4.1.3).
  std::string literal() const;
  // Where DNS keeps its names: "1.2.0.192.in-addr.arpa" (RFC 1035 section 3.5, RFC 3596
  // section 2.5).
  std::string arpa_name() const;
  // 4 or 16 octets in network order.
  std::string_view octets() const noexcept {
    return {reinterpret_cast<const char*>(octets_), v4_ ? std::size_t{4} : std::size_t{16}};
  }
  auto operator<=>(const IpAddress&) const = default;

 private:
  unsigned char octets_[16] = {};
  bool v4_ = true;
};

struct SocketAddress {
  IpAddress ip;
  std::uint16_t port = 0;

  // "192.0.2.1:25" or "[2001:db8::1]:25".
  static Result<SocketAddress> parse(std::string_view text);
  static SocketAddress from(const sockaddr_storage& storage);
  // Fills `storage` and returns the length to hand to the kernel.
  socklen_t fill(sockaddr_storage& storage) const;
  std::string str() const;
  auto operator<=>(const SocketAddress&) const = default;
};

// "192.0.2.0/24", "2001:db8::/32", or one address.
class Network {
 public:
  // Host bits that are set are refused: "192.0.2.1/24" is more likely a slip than a wish.
  static Result<Network> parse(std::string_view text);
  // The smallest that one site is likely to have: the /24 of an IPv4 address, the /64 of an IPv6
  // one.
  static Network around(const IpAddress& ip);
  bool contains(const IpAddress& ip) const noexcept;
  std::string str() const;
  bool operator==(const Network&) const = default;

 private:
  IpAddress base_;
  unsigned bits_ = 0;
};

// Whom misdeeds are laid to: an IPv4 address, or the /64 of an IPv6 one, within which a client has
// as many as it likes.
std::string to_client_name(const IpAddress& ip);

using Networks = std::vector<Network>;
// Precondition: each of `texts` is a network, as those of the configuration are.
Networks parse_networks(const std::vector<std::string>& texts);
bool contains(const Networks& networks, const IpAddress& ip) noexcept;

}  // namespace postrider::net
