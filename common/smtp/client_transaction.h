// client_transaction.h - one message as the client side hands it to a server, and what became of
// it.
//
// RFC 5321 section 3.3; RFC 1870 (SIZE), 3461 (DSN), 6152 (8BITMIME), 6531 (SMTPUTF8), 6710
// (MT-PRIORITY), 8689 (REQUIRETLS).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/tls_level.h"
#include "common/smtp/ehlo_reply.h"
#include "common/smtp/reply.h"

namespace postrider::smtp {

struct ClientRecipient {
  std::string address;  // forward-path without angle brackets
  std::string notify;   // RFC 3461 NOTIFY and ORCPT, as given; empty: none
  std::string orcpt;
};

struct ClientTransaction {
  std::string sender;                       // reverse-path without angle brackets; empty for <>
  std::vector<ClientRecipient> recipients;  // at least one
  std::uint64_t size = 0;                   // octets of the content, before dot-stuffing
  bool eight_bit = false;
  bool smtputf8 = false;      // the header needs it; addresses are looked at
  int priority = 0;           // RFC 6710: -9 to 9
  bool tls_required = false;  // RFC 8689
  std::string envid;          // RFC 3461 ENVID, decoded, and RET; empty: none
  std::string ret;
  bool chunking = true;  // the content goes by BDAT where that is offered
};

// What a transaction has found of the CHUNKING that its server offers.
enum class Chunking : std::uint8_t {
  untested,
  taken,    // a BDAT was, whatever is said of the message
  refused,  // a BDAT was, in words that are not of the message
  lost,     // the session, after a BDAT and before any was taken
};
struct ChunkingTrial {
  Chunking found = Chunking::untested;
  Reply why;  // where it is refused or lost
};

enum class Outcome : std::uint8_t {
  delivered,
  deferred,
  failed,
  untried,  // the server failed before it decided: another may be tried now
};

struct RecipientOutcome {
  Outcome outcome = Outcome::untried;
  Reply reply;          // code 0: not the server's words but our reason, with its status
  std::string command;  // what `reply` refuses, without parameters: "RCPT TO:<a@b>"; empty: none
  bool operator==(const RecipientOutcome&) const = default;
};

// The commands with their CRLF and the parameters that `offered` allows.
// Precondition: nothing in `transaction` and `recipient` is_unsafe_in_command().
std::string mail_command(const ClientTransaction& transaction, const Extensions& offered);
std::string rcpt_command(const ClientRecipient& recipient, const Extensions& offered);

// Whether `text` holds a control character, which could end the command and begin another.
bool is_unsafe_in_command(std::string_view text) noexcept;

// Why `recipient` cannot be named to a server that offers `offered`; nothing where it can.
std::optional<RecipientOutcome> obstacle(const ClientRecipient& recipient,
                                         const Extensions& offered);

// Why `transaction` cannot be sent to a server that offers `offered`; nothing where it can. 8-bit
// content is sent as it is to a server without 8BITMIME.
//
// Deviation: RFC 6152 section 3 would have it converted or returned. Servers that cannot take
// 8-bit content are extinct, servers that forget to say so are not, and converting would break
// signatures.
std::optional<RecipientOutcome> obstacle(const ClientTransaction& transaction,
                                         const Extensions& offered);
// The same of its protection by a further server, in a session that has reached `level`. What has
// to go under TLS and to servers that see to it is untried: another may be one (RFC 8689 section
// 4.2.1); but a report goes all the same, since one that never arrives helps nobody (section 5).
std::optional<RecipientOutcome> tls_obstacle(const ClientTransaction& transaction,
                                             const Extensions& offered, TlsLevel level);

// Whether `reply` is final: 5yz, or a reason of ours that is.
bool is_final(const Reply& reply) noexcept;

// What the server's final word on a recipient means: 2yz delivered, 5yz failed, all else deferred.
Outcome outcome_of(const Reply& reply) noexcept;

// The enhanced status code of an outcome: the reply's own where its class fits the outcome, else
// the same code in the class that does; "2.0.0", "4.0.0" or "5.0.0" where the reply has none.
std::string status_of(const RecipientOutcome& outcome);

}  // namespace postrider::smtp
