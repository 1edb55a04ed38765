// dns_ports.h - the ports at which the name servers of the configuration are asked.
#pragma once

#include <cstdint>
#include <vector>

#include "common/config/settings.h"

namespace postrider::config {

// 53 alone where the servers are the system's.
std::vector<std::uint16_t> dns_ports(const Settings& settings);

}  // namespace postrider::config
