// xclient.h - what a trusted client tells of the client that it speaks for.
//
// XCLIENT, an extension of Postfix (its XCLIENT_README). Who wants TLS as well begins with it:
// behind XCLIENT in the clear there is no STARTTLS.
//
//   xclient-command = "XCLIENT" 1*( SP attribute-name "=" attribute-value )
//   attribute-value = xtext       ; "[UNAVAILABLE]", and for NAME "[TEMPUNAVAIL]": there is none
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/smtp/command.h"

namespace postrider::smtp {

// Not told: nullopt. Told that there is none: empty.
struct XclientArguments {
  std::optional<std::string> name;     // of the host, by its address: a domain
  std::optional<std::string> address;  // IPv4 or IPv6, without tag
  std::optional<std::string> port;
  std::optional<std::string> protocol;  // "SMTP" or "ESMTP"
  std::optional<std::string> helo;      // as parse_client_name() takes it
  std::optional<std::string> login;     // printable ASCII
  std::optional<std::string> destination_address;
  std::optional<std::string> destination_port;
};

// Of the attributes, for the reply to EHLO: "NAME ADDR …".
std::string xclient_attributes();

// Of an attribute that is told twice the last counts.
Parsed<XclientArguments> parse_xclient(std::string_view argument);

}  // namespace postrider::smtp
