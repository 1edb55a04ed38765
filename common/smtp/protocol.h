// protocol.h - which of the two protocols a session speaks, and where its TLS begins.
#pragma once

#include <cstdint>

namespace postrider::smtp {

// LMTP (RFC 2033) is greeted with LHLO and has a reply for each recipient at the end of a message.
enum class Protocol : std::uint8_t { smtp, lmtp };

// When the client asks for it (RFC 3207), or with the first octet (RFC 8314 section 3).
enum class TlsStart : std::uint8_t { starttls, implicit };

}  // namespace postrider::smtp
