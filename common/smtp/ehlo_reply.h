// ehlo_reply.h - the extensions that a server offers in its reply to EHLO: ours writes it, our
// client reads it.
//
// RFC 5321 section 4.1.1.1; RFC 1870 (SIZE), 2034 (ENHANCEDSTATUSCODES), 2920 (PIPELINING), 3030
// (CHUNKING), 3207 (STARTTLS), 3461 (DSN), 4865 (FUTURERELEASE), 4954 (AUTH), 6152 (8BITMIME),
// 6531 (SMTPUTF8), 6710 (MT-PRIORITY), 8689 (REQUIRETLS), 9422 (LIMITS).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/smtp/reply.h"

namespace postrider::smtp {

// RFC 9422 section 4; 0: none.
struct Limits {
  std::uint64_t rcpt_max = 0;         // recipients of a transaction
  std::uint64_t mail_max = 0;         // transactions of a connection
  std::uint64_t rcpt_domain_max = 0;  // domains of a transaction's recipients
};

struct Extensions {
  bool pipelining = false;
  bool eight_bit_mime = false;
  bool dsn = false;
  bool smtputf8 = false;
  bool size = false;
  std::uint64_t size_limit = 0;  // octets; 0: none is known
  bool enhanced_status_codes = false;
  bool chunking = false;
  bool binary_mime = false;  // with CHUNKING alone
  bool limits = false;
  bool mt_priority = false;
  bool starttls = false;
  bool future_release = false;
  std::chrono::seconds future_release_max{0};  // our server: the longest time, and the latest
  WallTime future_release_until;
  bool requiretls = false;  // under TLS alone
  bool xclient = false;     // of Postfix; our server offers it to those who may speak for others
  bool auth = false;
  bool auth_in_clear = false;  // our server offers AUTH without TLS as well
  bool operator==(const Extensions&) const = default;
};

// The keywords of all extensions, in the order in which our server names them.
std::vector<std::string_view> extension_keywords();

// `keyword` is one of extension_keywords(): that extension is not offered.
void withdraw(std::string_view keyword, Extensions& extensions);

// What the positive `reply` to EHLO offers. What is unknown or ill-formed is passed over.
Extensions parse_ehlo_reply(const Reply& reply);

// The limits that the positive `reply` to EHLO tells, likewise.
Limits parse_limits(const Reply& reply);

// The reply to EHLO of a server that offers `extensions`. RFC 2034 section 3: it has no status
// code. `mechanisms`: of SASL, separated by spaces, where AUTH is among them.
Reply ehlo_reply(const std::string& hostname, const Extensions& extensions,
                 std::string_view mechanisms, const Limits& limits);

}  // namespace postrider::smtp
