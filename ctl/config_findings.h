// config_findings.h - what would keep the suite from starting though the configuration file itself
// is right: certificates, folders, sockets, files that it names.
//
// Looks at the host as it is, and changes nothing. As whom the daemons run it does not know: what
// is told of rights is told of who asks.
#pragma once

#include <string>
#include <vector>

#include "common/config/settings.h"

namespace postrider::ctl {

struct ConfigFinding {
  std::string parameter;
  std::string text;      // what is wrong, and what would mend it
  bool is_error = true;  // else the suite starts, and something does not work
};

std::vector<ConfigFinding> look_around(const config::Settings& settings);

}  // namespace postrider::ctl
