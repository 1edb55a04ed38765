// connections.h - how many connections an address, and the network around it, may have: at a time,
// and in a minute; and at a time a user of this host, whose programs come without an address.
//
// Counted by all workers of a daemon together. The network of an IPv4 address is its /24, of an
// IPv6 address its /64, within which a client has as many addresses as it likes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/limits/tally.h"
#include "common/log/log.h"
#include "common/net/address.h"

namespace postrider::limits {

// Each 0: no limit.
struct ConnectionLimits {
  std::uint64_t per_address = 0;  // and per user of this host
  std::uint64_t per_network = 0;
  std::uint64_t rate_per_address = 0;  // connections a minute
  std::uint64_t rate_per_network = 0;
  net::Networks unlimited = {};  // clients for which none of these holds
};

// The counts that all workers of `daemon` share, from the run directory; where they cannot be had,
// the log is told and they are this worker's alone.
Tally open_tally(const std::string& run_directory, std::string_view daemon, log::Logger& log);

class Connections {
 public:
  // Tally and clock outlive it.
  Connections(Tally& tally, const Clock& clock, ConnectionLimits limits);

  // Counts a connection; or, if there is one too many, gives the reason and does not.
  std::optional<std::string_view> enter(const net::IpAddress& address);
  std::optional<std::string_view> enter_user(unsigned uid);
  // Of each connection that entered.
  void leave(const net::IpAddress& address);
  void leave_user(unsigned uid);

  // A client without an address is none that could be counted by it.
  bool is_limited(const net::IpAddress& address) const;

 private:
  struct Scope;
  Scope scope(const net::IpAddress& address) const;
  Tally::Key user(unsigned uid) const;

  Tally& tally_;
  const Clock& clock_;
  const ConnectionLimits limits_;
};

}  // namespace postrider::limits
