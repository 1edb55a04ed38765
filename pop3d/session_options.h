// session_options.h - what a Session is made with: the host, its limits, and what this client is
// offered.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace postrider::pop3d {

// A password on a connection without TLS. Under TLS it is always allowed.
enum class Plaintext : std::uint8_t { refused, allowed };

enum class Tls : std::uint8_t {
  none,      // there is no certificate, or the listener does without
  starttls,  // STLS is offered (RFC 2595 section 4)
  implicit,  // the handshake comes before the greeting (RFC 8314 section 3.3)
};

struct SessionOptions {
  std::string hostname;
  Plaintext plaintext = Plaintext::refused;  // USER, PASS and AUTH on this connection
  std::uint64_t bad_command_limit = 10;      // bad commands and refused logins, then it closes
  Tls tls = Tls::none;
  // "<…@hostname>", which no other session has: APOP is offered; empty: it is not.
  std::string apop_timestamp = {};
  // What CAPA tells of them (RFC 2449 sections 6.5 and 6.7); 0: none.
  std::chrono::seconds login_delay{0};
  std::chrono::seconds retention{0};
};

}  // namespace postrider::pop3d
