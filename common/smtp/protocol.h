// protocol.h - which of the two protocols a session speaks.
#pragma once

#include <cstdint>

namespace postrider::smtp {

// LMTP (RFC 2033) is greeted with LHLO and has a reply for each recipient at the end of a message.
enum class Protocol : std::uint8_t { smtp, lmtp };

}  // namespace postrider::smtp
