// own_addresses.h - the addresses on which this host takes mail itself: what DNS sends there would
// come back to us.
//
// RFC 5321 section 5.1.
#pragma once

#include <set>
#include <vector>

#include "common/config/settings.h"
#include "common/net/address.h"

namespace postrider::deliverd {

class OwnAddresses {
 public:
  // `interfaces`: the host's addresses, which a listener on 0.0.0.0 or :: stands for.
  OwnAddresses(const std::vector<config::SmtpListener>& listeners,
               const std::vector<net::IpAddress>& interfaces);

  bool contain(const net::SocketAddress& address) const { return addresses_.count(address) != 0; }

 private:
  std::set<net::SocketAddress> addresses_;
};

// Of all interfaces of this host, as they are now; none where the kernel does not tell.
std::vector<net::IpAddress> interface_addresses();

}  // namespace postrider::deliverd
