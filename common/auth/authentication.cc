#include "common/auth/authentication.h"

#include <algorithm>
#include <utility>

#include "common/base/overloaded.h"

namespace postrider::auth {

using directory::LoginAnswer;
using directory::ScramAnswer;

namespace {

constexpr std::string_view kWithdrawn = "the password was withdrawn during the login";

Refused unavailable(const Error& error) { return {Refused::Why::unavailable, error.text}; }

// What proving those keys means by what is known now.
LoginAnswer login_by(const sasl::ScramKeys& keys, const ScramAnswer& known) {
  const auto found = std::find(known.user.keys.begin(), known.user.keys.end(), keys);
  if (found == known.user.keys.end()) return {.mailbox = known.mailbox, .reason = kWithdrawn};
  return known.logins[static_cast<std::size_t>(found - known.user.keys.begin())];
}

Refused banned() { return {Refused::Why::banned, {}}; }

}  // namespace

Authentication::Authentication(directory::Credentials& credentials, directory::Service service,
                               sasl::Mechanism mechanism, const ChannelBindings& bindings,
                               IsBanned is_banned, UniqueFunction<void(Event)> on_event)
    : credentials_(credentials),
      service_(service),
      exchange_(mechanism, bindings),
      is_banned_(std::move(is_banned)),
      on_event_(std::move(on_event)) {}

std::optional<Event> Authentication::begin(std::optional<Secret> initial) {
  return go_on(exchange_.begin(std::move(initial)));
}

// A ban may have begun since the challenge, and an answer to a proof tells what a password is.
std::optional<Event> Authentication::on_response(Secret response) {
  if (!user().empty() && is_banned_(user())) return banned();
  return go_on(exchange_.on_response(std::move(response)));
}

std::optional<Event> Authentication::go_on(sasl::Step step) {
  using Answer = std::optional<Event>;
  return std::visit(
      Overloaded{
          [&](sasl::Challenge& challenge) -> Answer { return std::move(challenge); },
          [&](sasl::AskPassword& ask) -> Answer { return ask_password(ask); },
          [&](const sasl::AskKeys& ask) -> Answer { return ask_keys(ask); },
          [&](const sasl::Proven& proven) -> Answer { return confirm(proven); },
          [&](const sasl::Refused& refused) -> Answer { return explain(refused.why); },
      },
      step);
}

std::optional<Event> Authentication::ask_password(sasl::AskPassword& ask) {
  if (is_banned_(ask.user)) return banned();
  verifying_ = true;
  question_ = credentials_.verify_password(
      ask.user, std::move(ask.password), service_, [this](Result<LoginAnswer> answer) {
        verifying_ = false;
        on_event_(answer ? judge(std::move(*answer)) : Event(unavailable(answer.error())));
      });
  return std::nullopt;
}

std::optional<Event> Authentication::ask_keys(const sasl::AskKeys& ask) {
  if (is_banned_(ask.user)) return banned();
  question_ = credentials_.find_scram_keys(ask.user, service_, [this](Result<ScramAnswer> answer) {
    if (!answer) return on_event_(unavailable(answer.error()));
    scram_ = std::move(*answer);
    // Of its own keys an exchange asks once.
    if (auto event = go_on(exchange_.on_keys(scram_.user))) on_event_(std::move(*event));
  });
  return std::nullopt;
}

// The client may have taken minutes for its proof: what it has proven must be a password still.
std::optional<Event> Authentication::confirm(const sasl::Proven& proven) {
  const sasl::ScramKeys keys = scram_.user.keys[proven.keys];
  question_ = credentials_.find_scram_keys(
      user(), service_, [this, keys](const Result<ScramAnswer>& answer) {
        on_event_(answer ? judge(login_by(keys, *answer)) : Event(unavailable(answer.error())));
      });
  return std::nullopt;
}

Event Authentication::judge(LoginAnswer answer) {
  if (answer.accepted) return answer;
  return Refused{Refused::Why::credentials, std::string(answer.reason), std::move(answer.mailbox)};
}

Refused Authentication::explain(sasl::Refused::Why why) const {
  using Why = sasl::Refused::Why;
  switch (why) {
    case Why::malformed: return {Refused::Why::malformed, "no message of the mechanism"};
    case Why::another: return {Refused::Why::credentials, "it asks to act for another user"};
    case Why::channel:
      return {Refused::Why::credentials, "the channel binding is not this connection's"};
    case Why::password: break;
  }
  return {Refused::Why::credentials, std::string(scram_.reason), scram_.mailbox};
}

}  // namespace postrider::auth
