// facts.h - what the checks are handed: all that is known, at their stage, of a client, its session
// and its message.
//
// Values alone: who looked them up, and when, is inquiry.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/checks/client.h"
#include "common/checks/header.h"
#include "common/config/settings.h"
#include "common/directory/directory.h"
#include "common/net/reverse_name.h"
#include "common/quota/rooms.h"
#include "common/smtp/address.h"

namespace postrider::checks {

// When a fact is known and a check runs. What speaks against client or sender is told at RCPT,
// where the log can say whose mail it was and for whom.
enum class Stage : std::uint8_t { connect, helo, mail, rcpt, data, end };
std::string_view name_of(Stage stage) noexcept;

// The facts that somebody has to be asked for; a set of them is their sum.
using Needs = std::uint8_t;
inline constexpr Needs kReverseName = 1;
inline constexpr Needs kSenderMail = 2;
inline constexpr Needs kSenderAnswer = 4;
inline constexpr Needs kSenderRight = 8;
inline constexpr Needs kAuthorRights = 16;

// What DNS says of mail to a domain.
enum class DomainMail : std::uint8_t {
  taken,      // it has MX records or an address
  refused,    // its MX says that it takes none (RFC 7505)
  none,       // the name exists, without MX and address
  no_domain,  // the name does not exist
  temporary,  // not known: DNS did not answer, or was not asked
};

// Whether the user who has logged in may send as an address.
enum class SendRight : std::uint8_t { granted, denied, unknown };

// Whom From or Sender names.
struct Author {
  std::string address;  // as written
  SendRight right = SendRight::unknown;
};

struct Facts {
  Facts(const config::Settings& s, const Client& c) : settings(s), client(c) {}

  const config::Settings& settings;
  const Client& client;

  // connect
  bool early = false;  // the client spoke before the greeting
  net::ReverseName reverse;

  // helo
  std::string helo;  // the name, as the client gave it

  // mail
  smtp::Mailbox sender;
  std::uint64_t declared_size = 0;  // of the message; 0: not declared
  DomainMail sender_mail = DomainMail::temporary;
  bool sender_is_ours = false;  // the sender's domain is one of ours
  SendRight sender_right = SendRight::unknown;

  // rcpt
  smtp::Mailbox recipient;
  Result<directory::RecipientAnswer> answer;  // of the directory, on the recipient
  const config::Route* route = nullptr;       // that takes the recipient's domain elsewhere
  quota::Grant room = quota::Grant::granted;  // in its mailbox

  // data
  std::size_t recipients = 0;  // accepted
  bool impatient = false;      // the client pipelined where it must wait for a reply

  // end
  HeaderFacts header;
  std::vector<Author> authors;
};

// How large the recipient's mailbox may be; 0: that is not known, or has no limit.
inline std::uint64_t mailbox_limit(const Facts& facts) noexcept {
  return facts.answer && facts.route == nullptr ? facts.answer->quota.octets : 0;
}

}  // namespace postrider::checks
