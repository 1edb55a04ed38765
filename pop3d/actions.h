// actions.h - what a Session asks of its owner, and the words of the answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/secret.h"
#include "common/maildir/listing.h"
#include "common/sasl/mechanism.h"

namespace postrider::pop3d {

struct Send {
  std::string bytes;
};
// Judge the password, then open the mailbox. Answered by on_login_accepted or on_login_refused.
struct Login {
  std::string user;
  Secret password;
};
// The same, but judge `digest` (RFC 1939 section 7): sasl::kApopDigest digits.
struct Apop {
  std::string user;
  std::string timestamp;
  std::string digest;
};
// Begin an exchange of SASL, or go on with what the client answered to its last challenge, without
// base64. Answered by on_challenge, or as Login.
struct Authenticate {
  sasl::Mechanism mechanism;
  std::optional<Secret> initial;
};
struct AuthResponse {
  Secret octets;
};
// Once all that was sent is written, begin the server's side of TLS. Answered by on_secured.
struct StartTls {};
// Read a message's first portion (with TOP's number of lines, or whole), or its next. Both are
// answered by on_portion or on_message_unavailable.
struct OpenMessage {
  std::size_t message = 0;  // of the Listing
  std::optional<std::uint64_t> body_lines;
  maildir::Form form = maildir::Form::original;  // RFC 6856 section 2.1
};
struct ReadMessage {};
// Remove these messages. Answered by on_removed.
struct RemoveMessages {
  std::vector<std::size_t> messages;
};
// Close once all is sent. The last action.
struct Close {};

using Action = std::variant<Send, Login, Apop, Authenticate, AuthResponse, StartTls, OpenMessage,
                            ReadMessage, RemoveMessages, Close>;

enum class LoginRefusal : std::uint8_t {
  malformed,    // what the client said is no message of the mechanism
  credentials,  // [AUTH] the user or the password is wrong
  banned,       // [SYS/TEMP] there were too many wrong ones
  too_soon,     // [LOGIN-DELAY] the last login to the mailbox was just now
  in_use,       // [IN-USE] another session has the mailbox
  temporary,    // [SYS/TEMP] the directory or the mailbox cannot be had now
  permanent,    // [SYS/PERM] the mailbox will not open until somebody mends it
};

enum class More : std::uint8_t { no, yes };

}  // namespace postrider::pop3d
