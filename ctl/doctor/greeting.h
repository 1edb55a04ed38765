// greeting.h - connects to a server, hears its greeting, and says no more than QUIT.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/net/address.h"

namespace postrider::ctl {

struct Greeting {
  net::SocketAddress address;  // that answered
  std::string line;            // without its end; empty: none came in time
};

// Of whichever address answers first. Blocks: `patience` for a connection, and as long for the
// greeting. Errors: temporary, why each address was not reached.
Result<Greeting> greeting_of(const std::vector<net::SocketAddress>& addresses,
                             std::chrono::seconds patience);

}  // namespace postrider::ctl
