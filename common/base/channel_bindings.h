// channel_bindings.h - what names one TLS connection to both of its ends, and to nobody else.
//
// Whoever proves a password over it proves that no third party stands between (RFC 5056).
#pragma once

#include <string>

namespace postrider {

// Octets; empty where the connection has none.
struct ChannelBindings {
  std::string tls_exporter;  // RFC 9266
  std::string tls_unique;    // RFC 5929 section 3; not of TLS 1.3
};

}  // namespace postrider
