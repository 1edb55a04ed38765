// host.h - what the host knows of itself: its name, and the addresses by which the world reaches
// it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/net/address.h"

namespace postrider::ctl {

// Its members read the private keys (etc/sysusers.d).
inline constexpr const char* kKeyGroup = "postrider-tls";

// The host's name in lower case where it is one of DNS, with a dot; else empty.
std::string own_host_name();

// Of the network's interfaces, IPv4 first: those that the Internet can route, and that stay.
std::vector<net::IpAddress> public_addresses();

// Pure: those of /proc/net/if_inet6 that do not stay or cannot be used: temporary ones for privacy
// (RFC 8981), deprecated ones (RFC 4862 section 5.5.4), and such as another host has.
std::vector<net::IpAddress> passing_addresses(std::string_view if_inet6);

// Whether the Internet routes it: neither private, nor of this link or host, nor kept for other
// uses (RFC 6890).
bool is_public(const net::IpAddress& address);

// Whether it has IPv6, if only among its own processes.
bool has_ipv6();

}  // namespace postrider::ctl
