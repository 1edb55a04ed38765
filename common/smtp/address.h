// address.h - mailboxes and paths as SMTP writes them.
//
// RFC 5321 section 4.1.2 (grammar), 4.1.3 (address literals), 4.5.3.1 (sizes); RFC 6531 section 3.3
// (UTF-8, only where it is asked for). This is the envelope's grammar, not that of header fields:
// no comments, no folding, no obsolete forms.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::smtp {

// RFC 5321 section 4.5.3.1.1 to 4.5.3.1.3, in octets as written.
inline constexpr std::size_t kMaxLocalPart = 64;
inline constexpr std::size_t kMaxDomain = 255;
inline constexpr std::size_t kMaxPath = 256;  // with the angle brackets and a source route
inline constexpr std::size_t kMaxMailbox = kMaxPath - 2;
// RFC 1035 section 2.3.4.
inline constexpr std::size_t kMaxLabel = 63;

enum class Charset { ascii, utf8 };

// Where mail comes from or goes to. Three kinds: user@domain, the null reverse-path (both members
// empty), and postmaster without a domain (`domain` empty).
struct Mailbox {
  std::string local_part;  // what it means, without quotes and backslashes; may be empty: ""@domain
  std::string domain;      // as written, "[192.0.2.1]" for an address literal

  bool is_null() const noexcept { return local_part.empty() && domain.empty(); }
  // As a command writes it between the angle brackets: the local part is quoted only where it must
  // be (RFC 5321 section 4.1.2). parse_mailbox() gives the same Mailbox back.
  std::string str() const;
  // local-part@domain without quotes: for looking up, not for writing.
  std::string unquoted() const;
  bool operator==(const Mailbox&) const = default;
};

// The Mailbox that is all of `text`, without angle brackets.
std::optional<Mailbox> parse_mailbox(std::string_view text, Charset charset = Charset::ascii);

// Takes a path with its angle brackets from the front of `input`; without one, nothing, and `input`
// is left in no particular place. A source route is passed over (RFC 5321 appendix C).
// <> is a reverse-path, <postmaster> (in any case) a forward-path.
std::optional<Mailbox> take_reverse_path(std::string_view& input, Charset charset = Charset::ascii);
std::optional<Mailbox> take_forward_path(std::string_view& input, Charset charset = Charset::ascii);

// Whether all of `text` is a Domain or an address-literal.
bool is_domain(std::string_view text, Charset charset = Charset::ascii);
bool is_address_literal(std::string_view text);

}  // namespace postrider::smtp
