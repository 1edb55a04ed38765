// command.h - one command line of SMTP, taken apart.
//
// RFC 5321 section 4.1.1 (commands) and 4.1.2 (arguments), RFC 1870 (SIZE), RFC 6152 (BODY).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <tl/expected.hpp>

#include "common/smtp/address.h"
#include "common/smtp/reply.h"

namespace postrider::smtp {

enum class Body : std::uint8_t { seven_bit, eight_bit_mime };

// By how much MAIL may exceed the limit of a command line: RFC 1870 section 3 and RFC 6152
// section 2.
inline constexpr std::size_t kMailParameterOctets = 26 + 17;

// What a command means, or the reply that refuses it.
template <typename T>
using Parsed = tl::expected<T, Reply>;

struct CommandLine {
  std::string_view verb;      // in any case
  std::string_view argument;  // what follows the first space, without white space at its end
};

// `line` comes without its CRLF. Both views are into it.
CommandLine split_command(std::string_view line);

struct MailArguments {
  Mailbox sender;  // null for <>
  std::optional<std::uint64_t> size;
  Body body = Body::seven_bit;
};

// "FROM:<reverse-path> [parameters]". SIZE is a number of any length; what does not fit is the
// largest that does.
Parsed<MailArguments> parse_mail(std::string_view argument);

// "TO:<forward-path> [parameters]"; no parameter is known yet.
Parsed<Mailbox> parse_rcpt(std::string_view argument);

// The name that a client gives in HELO or EHLO: one word of printable ASCII. Whether it is a domain
// is not asked, since too many honest clients do not know theirs.
Parsed<std::string_view> parse_client_name(std::string_view argument);

}  // namespace postrider::smtp
