// destinations.h - [[destination]]: which servers share limits. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "common/config/settings.h"

namespace postrider::config {

// Connections, and recipients, that a [[destination]] may allow.
inline constexpr std::int64_t kMaxDestinationLimit = 10'000;

// What `host` may say of servers: what is_tls_destination() takes, or a socket (is_socket()).
bool is_limited_host(std::string_view text);
inline constexpr std::string_view kLimitedHostForms =
    "a domain, \".\" and a domain for its subdomains, \"[ADDRESS]\", \"unix:/PATH\", or \"*\"";

// The first limits for a server, or null; they are one of `destinations`. `domain` is that of the
// recipients, or, where an administrator named the server, its name, "[ADDRESS]" or "unix:/path";
// `host` is the server's name, empty where it has none. Upper or lower case, but for a path. A
// socket has the limits that name it alone: "*" is for servers on the network.
const DestinationLimits* find_destination(const std::vector<DestinationLimits>& destinations,
                                          std::string_view domain, std::string_view host);

}  // namespace postrider::config
