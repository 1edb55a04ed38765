// command.h - one command line of SMTP, taken apart.
//
// RFC 5321 section 4.1.1 (commands) and 4.1.2 (arguments); RFC 6531 section 3.4 and 3.5 (UTF-8): an
// address beyond ASCII is refused with 553 5.6.7 unless SMTPUTF8 was given, and has its domain in
// A-labels afterwards.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <tl/expected.hpp>

#include "common/smtp/ehlo_reply.h"
#include "common/smtp/parameters.h"
#include "common/smtp/reply.h"

namespace postrider::smtp {

// What a command means, or the reply that refuses it.
template <typename T>
using Parsed = tl::expected<T, Reply>;

struct CommandLine {
  std::string_view verb;      // in any case
  std::string_view argument;  // what follows the first space, without white space at its end
};

// `line` comes without its CRLF. Both views are into it.
CommandLine split_command(std::string_view line);

// "FROM:<reverse-path> [parameters]" and "TO:<forward-path> [parameters]"; parameters are those of
// the extensions that are `offered`. `charset` is the transaction's, of MAIL.
Parsed<MailArguments> parse_mail(std::string_view argument, const Extensions& offered);
Parsed<RcptArguments> parse_rcpt(std::string_view argument, const Extensions& offered,
                                 Charset charset);

// What VRFY and EXPN ask about: a mailbox, with or without angle brackets, and SMTPUTF8 or not.
Parsed<Mailbox> parse_vrfy(std::string_view argument, const Extensions& offered);

struct BdatArguments {
  std::uint64_t octets = 0;
  bool last = false;
};
// RFC 3030 section 2: "chunk-size [LAST]"; nothing where it is none.
std::optional<BdatArguments> parse_bdat(std::string_view argument);

// The name that a client gives in HELO or EHLO: one word of printable ASCII. Whether it is a domain
// is not asked, since too many honest clients do not know theirs.
Parsed<std::string_view> parse_client_name(std::string_view argument);

}  // namespace postrider::smtp
