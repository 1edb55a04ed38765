// held_sockets.h - the ports that systemd holds for an installed suite, whoever serves them
// (etc/systemd/*.socket).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/config/settings.h"

namespace postrider::ctl {

struct HeldSocket {
  std::string_view unit;
  std::string_view parameter;  // that names its listener
  std::uint16_t port = 0;      // 0: that of submissions of the host's programs, a Unix socket
};

// Pure: those that no listener of the configuration serves. Who connects there waits in vain, and
// no other program can listen there.
std::vector<HeldSocket> unserved_sockets(const config::Settings& settings);

}  // namespace postrider::ctl
