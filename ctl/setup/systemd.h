// systemd.h - what the command asks of the service manager.
#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"

namespace postrider::ctl {

// The units of the suite that run, as opposed to the sockets that stand for them.
inline constexpr const char* kTarget = "postrider.target";
const std::vector<std::string>& service_units();

// Whether systemd runs this host (sd_booted(3)).
bool is_systemd_here();

// Runs systemctl with these arguments, which no shell sees. The error has what it said.
Result<void> systemctl(const std::vector<std::string>& arguments);

// Whether the unit runs.
bool is_active(const std::string& unit);

}  // namespace postrider::ctl
