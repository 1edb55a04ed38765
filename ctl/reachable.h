// reachable.h - where this host itself reaches what it listens on.
#pragma once

#include <optional>
#include <string>

#include "common/net/address.h"

namespace postrider::ctl {

// `listener`: as in smtpd.listen. One of all addresses is reached over loopback. Nothing for a Unix
// socket.
std::optional<net::SocketAddress> reachable(const std::string& listener);

}  // namespace postrider::ctl
