// ehlo_reply.h - what a server offers in its reply to EHLO, as far as our client uses it.
//
// RFC 5321 section 4.1.1.1; RFC 1870 (SIZE), 2920 (PIPELINING), 3461 (DSN), 6152 (8BITMIME),
// 6531 (SMTPUTF8).
#pragma once

#include <cstdint>

#include "common/smtp/reply.h"

namespace postrider::smtp {

struct Extensions {
  bool pipelining = false;
  bool eight_bit_mime = false;
  bool dsn = false;
  bool smtputf8 = false;
  bool size = false;
  std::uint64_t size_limit = 0;  // octets; 0: none is known
  bool operator==(const Extensions&) const = default;
};

// What the positive `reply` to EHLO offers. What is unknown or ill-formed is passed over.
Extensions parse_ehlo_reply(const Reply& reply);

}  // namespace postrider::smtp
