// tls_level.h - how well a connection to another server has to be protected.
#pragma once

#include <cstdint>

namespace postrider {

// Each level keeps what those before it do.
enum class TlsLevel : std::uint8_t {
  none,     // in the clear
  may,      // under TLS where that is possible, else in the clear (RFC 7435)
  encrypt,  // under TLS, whoever the server is
  verify,   // under TLS, with a server whose certificate is for its name
};

}  // namespace postrider
