// parameters.h - the arguments of MAIL and RCPT, and the parameters that extensions add to them.
//
// A parameter is known where the extension that it belongs to is offered; each is one row of a
// table in parameters.cc.
//
// RFC 5321 section 4.1.2 (syntax), RFC 1870 (SIZE), RFC 6152 (BODY), RFC 3461 section 4 (RET,
// ENVID, NOTIFY, ORCPT), RFC 6533 section 3 (ORCPT beyond ASCII), RFC 4954 section 5 (AUTH), RFC
// 6531 section 3.4 (SMTPUTF8), RFC 6710 section 3 (MT-PRIORITY), RFC 8689 section 2 (REQUIRETLS),
// RFC 4865 section 2 (HOLDFOR, HOLDUNTIL).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/smtp/address.h"
#include "common/smtp/ehlo_reply.h"
#include "common/smtp/reply.h"

namespace postrider::smtp {

enum class Body : std::uint8_t { seven_bit, eight_bit_mime, binary_mime };

// RFC 3461 section 4.4 and 4.2, as they stand in the command, and as they are passed on.
inline constexpr std::size_t kMaxEnvid = 100;
inline constexpr std::size_t kMaxOrcpt = 500;

// By how much a command may exceed the limit of a command line: RFC 1870 section 3 and RFC 6152
// section 2, RFC 6531 section 3.1, RFC 6710 section 3, RFC 8689 section 2, RFC 4865
// section 2, RFC 4954 section 3; and what RFC 3461 section 5.4 wants
// accepted, with its keywords.
inline constexpr std::size_t kUtf8ParameterOctets = 10;  // of MAIL, VRFY and EXPN
inline constexpr std::size_t kMailParameterOctets =
    26 + 17 + 15 + 11 + 34 + 500 + kUtf8ParameterOctets +
    std::string_view(" RET=FULL ENVID=").size() + kMaxEnvid;
inline constexpr std::size_t kRcptParameterOctets =
    std::string_view(" NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=").size() + kMaxOrcpt;

struct MailArguments {
  Mailbox sender;                     // null for <>
  std::optional<std::uint64_t> size;  // of any length: what does not fit is the largest that does
  Body body = Body::seven_bit;
  Charset charset = Charset::ascii;  // of the transaction's addresses and header: SMTPUTF8 or not
  int priority = 0;                  // -9 to 9: MT-PRIORITY
  bool tls_required = false;         // REQUIRETLS
  std::optional<std::chrono::seconds> hold_for;  // before it is sent: HOLDFOR, or
  std::optional<WallTime> hold_until;            // HOLDUNTIL
  std::string ret;                               // "FULL", "HDRS"; empty: not given
  std::string envid;                             // decoded; empty: not given
};

struct RcptArguments {
  Mailbox recipient;
  std::string notify;  // as to_value() writes it; empty: not given
  std::string orcpt;   // as given, but of type utf-8 in ASCII; empty: not given
};

// Sets what `parameters` say, each once: those of the extensions that are `offered`. `charset` is
// the transaction's. Gives the reply that refuses them, if any.
std::optional<Reply> set_parameters(std::string_view parameters, const Extensions& offered,
                                    MailArguments& mail);
std::optional<Reply> set_parameters(std::string_view parameters, const Extensions& offered,
                                    Charset charset, RcptArguments& rcpt);

}  // namespace postrider::smtp
