// tls.h - what [tls] says, as a server of TLS takes it.
#pragma once

#include <string>
#include <vector>

#include "common/config/settings.h"
#include "common/net/tls_server.h"

namespace postrider::config {

// Precondition: tls.certificate is set. `protocols` are those of the daemon's listeners, for ALPN.
net::TlsServer::Options tls_options(const Settings& settings, std::vector<std::string> protocols);

// The certificates and keys that tls_options() names; an empty name is of none.
std::vector<std::string> tls_files(const Settings& settings);

}  // namespace postrider::config
