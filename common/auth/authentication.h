// authentication.h - one login by SASL: what the client says and what is known of users, brought
// together.
//
// It knows no protocol: octets in, a challenge or an end out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/base/pending.h"
#include "common/base/unique_function.h"
#include "common/directory/credentials.h"
#include "common/event/event_loop.h"
#include "common/sasl/server_exchange.h"

namespace postrider::auth {

// The login was refused; `why` is for the client, `reason` for the log.
struct Refused {
  enum class Why : std::uint8_t {
    malformed,    // what the client said is no message of the mechanism
    credentials,  // user or password are wrong
    banned,       // there were too many wrong ones: what the client knows was not looked at
    unavailable,  // it cannot be known now
  } why;
  std::string reason;
  std::string mailbox = {};  // whose login it is, as of LoginAnswer
};
using Event = std::variant<sasl::Challenge, directory::LoginAnswer, Refused>;

class Authentication final : public event::Deferred {
 public:
  // Whether who the client says to be may log in now.
  using IsBanned = UniqueFunction<bool(std::string_view user)>;

  // `credentials` outlives it. A LoginAnswer that an Event holds is accepted.
  Authentication(directory::Credentials& credentials, directory::Service service,
                 sasl::Mechanism mechanism, const ChannelBindings& bindings, IsBanned is_banned,
                 UniqueFunction<void(Event)> on_event);

  // Before all else, and after each Challenge. Gives what comes of it; nothing: on_event tells,
  // from the loop. After another Event than a Challenge it is over.
  std::optional<Event> begin(std::optional<Secret> initial);
  std::optional<Event> on_response(Secret response);

  sasl::Mechanism mechanism() const noexcept { return exchange_.mechanism(); }
  const std::string& user() const noexcept { return exchange_.user(); }
  // A password is being verified: on_event will tell.
  bool verifying() const noexcept { return verifying_; }

 private:
  std::optional<Event> go_on(sasl::Step step);
  std::optional<Event> ask_password(sasl::AskPassword& ask);
  std::optional<Event> ask_keys(const sasl::AskKeys& ask);
  std::optional<Event> confirm(const sasl::Proven& proven);
  static Event judge(directory::LoginAnswer answer);
  Refused explain(sasl::Refused::Why why) const;

  directory::Credentials& credentials_;
  const directory::Service service_;
  sasl::ServerExchange exchange_;
  IsBanned is_banned_;
  UniqueFunction<void(Event)> on_event_;
  directory::ScramAnswer scram_;
  PendingPtr question_;
  bool verifying_ = false;
};

}  // namespace postrider::auth
