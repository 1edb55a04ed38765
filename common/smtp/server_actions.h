// server_actions.h - what a ServerSession works by, and what it asks of its owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/secret.h"
#include "common/sasl/mechanism.h"
#include "common/smtp/address.h"
#include "common/smtp/command_reader.h"
#include "common/smtp/data_reader.h"
#include "common/smtp/ehlo_reply.h"
#include "common/smtp/parameters.h"
#include "common/smtp/protocol.h"
#include "common/smtp/reply.h"
#include "common/smtp/xclient.h"

namespace postrider::smtp {

// Under TLS never, when the client asks for it (RFC 3207), or from the first octet on (RFC 8314).
enum class Tls : std::uint8_t { none, starttls, implicit };

// What all sessions of a listener share; outlives them.
struct ServerSettings {
  std::string hostname;
  Protocol protocol = Protocol::smtp;
  Extensions offered{.pipelining = true,
                     .eight_bit_mime = true,
                     .dsn = true,
                     .smtputf8 = true,
                     .size = true,
                     .enhanced_status_codes = true,
                     .chunking = true,
                     .binary_mime = true,
                     .limits = true,
                     .mt_priority = true,
                     .requiretls = true};
  std::size_t line_limit = CommandReader::kCommandLine;
  std::size_t text_line_limit = DataReader::kTextLine;
  std::uint64_t message_size_limit = 50U << 20U;  // octets
  std::uint64_t recipient_limit = 1000;           // a message; RFC 5321 section 4.5.3.1.8: >= 100
  std::uint64_t recipient_domain_limit = 0;       // domains of a message's recipients; 0: none
  std::uint64_t bad_command_limit = 20;           // since the last accepted message
  std::uint64_t bad_recipient_limit = 100;        // refused for good, since then; 0: none
  std::uint64_t command_limit = 1000;             // since then, or since a further recipient
  std::uint64_t message_limit = 0;                // a connection; 0: none
  bool vrfy = false;                              // answer VRFY truly
  bool expn = false;                              // answer EXPN at all
  Tls tls = Tls::none;
  bool authentication_required = false;  // before any mail, as on a submission port (RFC 6409)
};

// The message that MAIL, RCPT and DATA build.
struct Transaction {
  MailArguments mail;
  std::vector<RcptArguments> recipients;
};

struct Send {
  std::string bytes;
};
struct AskSender {
  Mailbox sender;
  int priority;  // as MailArguments has it
};
struct AskRecipient {
  Mailbox recipient;
};
// VRFY and EXPN: the verdict is the whole reply.
struct AskVerify {
  Mailbox mailbox;
};
struct AskExpand {
  Mailbox list;
};
// May a message begin? Any positive verdict says yes.
struct OpenMessage {
  std::uint64_t declared_size;
};
// Dots unstuffed, CRLF lines. Valid until the next call to a function of the session.
struct AppendMessage {
  std::string_view content;
};
// All content is there; a positive verdict means that the message is durable.
struct CommitMessage {};
// The message is refused with `reason`, or the conversation ends within it.
struct AbortMessage {
  Reply reason;
};
// The client speaks for another one; answered by on_client(), or a verdict that refuses.
struct BecomeClient {
  XclientArguments told;
};
// A login begins, with the initial response if the client gave one; octets, without base64. What it
// says next is answered by on_challenge(), on_authenticated(), or a verdict that refuses.
struct Authenticate {
  sasl::Mechanism mechanism;
  std::optional<Secret> initial;
};
// The client's answer to the last challenge; answered in the same way.
struct AuthResponse {
  Secret octets;
};
// What was sent goes out in the clear, and all that follows is protected (RFC 3207).
struct StartTls {};
// Once all that was sent is written. A client that said QUIT has nothing more to say.
struct Close {
  enum class At { client, server } wish;
};
using Action = std::variant<Send, AskSender, AskRecipient, AskVerify, AskExpand, OpenMessage,
                            AppendMessage, CommitMessage, AbortMessage, BecomeClient, Authenticate,
                            AuthResponse, StartTls, Close>;

}  // namespace postrider::smtp
