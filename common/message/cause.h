// cause.h - why a recipient could not be served, as a person would sort it: from the enhanced
// status code and the words of the reply. Pure.
//
// Servers use codes loosely (5.1.1 for a full mailbox, 5.7.1 and 5.0.0 for anything), so plain
// words come before the status, and the status before vague words. What nothing speaks for is
// `unknown`. The words are guessed at: a cause explains, sorts and slows down, but never decides
// whether mail is tried again.
//
// RFC 3463 and the registry of RFC 5248 (enhanced status codes), RFC 5321 section 4.2.
#pragma once

#include <cstdint>
#include <string_view>

namespace postrider::message {

enum class Cause : std::uint8_t {
  unknown,
  bad_address,       // there is no such mailbox, or no longer
  bad_domain,        // there is no such domain, or it takes no mail
  mailbox_disabled,  // it is there, and closed
  mailbox_full,
  too_large,
  bad_sender,      // the reverse-path is refused
  authentication,  // SPF, DKIM or DMARC do not speak for the message
  reputation,      // the host that sends is on a list, or has no name
  rate,            // too much at once
  greylisted,      // first seen: come again
  relaying,        // the server takes no mail for this domain from us
  content,         // it is taken for spam, is infected, or is not well-formed
  unsupported,     // the server lacks what the message needs
  policy,          // a rule of the site, not said which
  tls,             // no session under TLS as it is wanted
  dns,             // names could not be looked up
  unreachable,     // no connection, or it was lost, or nothing came in time
  system,          // the server has trouble of its own
  loop,            // the message goes in circles
};

// One word for logs, for people and for programs: "mailbox full" is "mailbox_full".
std::string_view name_of(Cause cause) noexcept;

// `status` may be empty. `reply` is a reply on one line, "550 5.1.1 no such user", or our own
// words. Looks at the first kMaxWords octets alone.
Cause cause_of(std::string_view status, std::string_view reply);

inline constexpr std::size_t kMaxWords = 1024;

}  // namespace postrider::message
