// destinations.h - [[destination]]: which servers share limits. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "common/config/settings.h"

namespace postrider::config {

// Connections, and recipients, that a [[destination]] may allow.
inline constexpr std::int64_t kMaxDestinationLimit = 10'000;

// The first limits for a server, or null; they are one of `destinations`. `domain` is that of the
// recipients, or, where an administrator named the server, its name or "[ADDRESS]"; `host` is the
// server's name, empty where it has none. Upper or lower case.
const DestinationLimits* find_destination(const std::vector<DestinationLimits>& destinations,
                                          std::string_view domain, std::string_view host);

}  // namespace postrider::config
