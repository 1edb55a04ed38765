// client_exchange.h - the client's side of one SASL exchange, without I/O.
//
// Messages are octets, without base64. Where a mechanism has the server prove that it knows the
// password as well (SCRAM), complete() says whether it did.
//
// RFC 4422 (SASL), RFC 4616 (PLAIN), RFC 5802, RFC 7677 and RFC 9266 (SCRAM and its channel
// binding).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/channel_bindings.h"
#include "common/base/secret.h"
#include "common/sasl/mechanism.h"

namespace postrider::sasl {

// As whom to log in.
struct Login {
  std::string user;
  Secret password;
};

class LibrarySession;

class ClientExchange {
 public:
  // Of SCRAM, as the server names them. RFC 7677 section 4 has 4096 at least.
  static constexpr std::uint64_t kMinIterations = 4096;
  static constexpr std::uint64_t kMaxIterations = 1'000'000;

  // `bindings`: those of the connection, which a mechanism with channel binding needs.
  ClientExchange(Mechanism mechanism, const Login& login, const ChannelBindings& bindings);
  ~ClientExchange();
  ClientExchange(const ClientExchange&) = delete;
  ClientExchange& operator=(const ClientExchange&) = delete;

  Mechanism mechanism() const noexcept { return mechanism_; }

  // Before all else: the initial response, or nothing where the server begins.
  std::optional<Secret> begin();
  // The answer to the server's challenge; nothing: it is none of this mechanism, or shows that the
  // server does not know the password.
  std::optional<Secret> on_challenge(std::string_view octets);
  // All is said and, where it has to be, proven: the server may now say that we are logged in.
  bool complete() const noexcept { return complete_; }

 private:
  std::optional<Secret> answer(std::string_view octets);
  bool is_bearable(std::string_view challenge) const;

  const Mechanism mechanism_;
  std::unique_ptr<LibrarySession> session_;
  bool complete_ = false;
};

}  // namespace postrider::sasl
