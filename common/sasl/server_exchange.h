// server_exchange.h - the server's side of one SASL exchange, without I/O.
//
// It is told what the client answered and says what comes next: a challenge, a question about the
// user to whoever knows the users, or the end. libgsasl reads and writes the messages; <gsasl.h> is
// seen in common/sasl alone. Messages are octets, without base64.
//
// RFC 4422 (SASL), RFC 4616 (PLAIN), RFC 5802, RFC 7677 and RFC 9266 (SCRAM and its channel
// binding).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/channel_bindings.h"
#include "common/base/secret.h"
#include "common/sasl/mechanism.h"
#include "common/sasl/scram.h"

namespace postrider::sasl {

// What is said to the client, which answers.
struct Challenge {
  std::string octets;
};
// The exchange has come to its end but for this question: is it the user's password?
struct AskPassword {
  std::string user;
  Secret password;
};
// What the user's passwords are known by; on_keys() goes on.
struct AskKeys {
  std::string user;
};
// The client knows the password that these keys, of those that on_keys() gave, were derived from.
struct Proven {
  std::size_t keys;
};
struct Refused {
  enum class Why : std::uint8_t {
    malformed,  // no message of this mechanism
    password,   // the client does not know it
    channel,    // the client is not at the other end of this TLS connection
    another,    // it asks to act for another user
  } why;
};
using Step = std::variant<Challenge, AskPassword, AskKeys, Proven, Refused>;

// How a user's passwords are salted for SCRAM, and the keys of each of them.
struct ScramUser {
  std::string salt;  // octets
  unsigned iterations = 0;
  std::vector<ScramKeys> keys;
};

class LibrarySession;

class ServerExchange {
 public:
  // `bindings`: those of the connection, which a mechanism with channel binding needs.
  ServerExchange(Mechanism mechanism, const ChannelBindings& bindings);
  ~ServerExchange();
  ServerExchange(const ServerExchange&) = delete;
  ServerExchange& operator=(const ServerExchange&) = delete;

  Mechanism mechanism() const noexcept { return mechanism_; }
  // Whom the client says to be; empty until it has.
  const std::string& user() const noexcept { return user_; }

  // Before all else. `initial`: the initial response, if the client sent one with its request.
  Step begin(std::optional<Secret> initial);
  // The client's answer to a Challenge.
  Step on_response(Secret response);
  // The answer to AskKeys. An unknown user has no keys, and is refused at the end as any other.
  Step on_keys(ScramUser user);

 private:
  Step on_password(Secret response);
  Step begin_scram(Secret response);
  Step end_scram(Secret response);
  bool acts_for_itself(const LibrarySession& session) const;

  const Mechanism mechanism_;
  const ChannelBindings bindings_;
  std::unique_ptr<LibrarySession> session_;
  std::string user_;
  Secret client_first_;
  std::string server_first_;
  ScramUser scram_;
  std::optional<std::size_t> proven_;
};

}  // namespace postrider::sasl
