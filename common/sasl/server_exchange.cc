#include "common/sasl/server_exchange.h"

#include <algorithm>
#include <utility>

#include "common/base/ascii.h"
#include "common/base/check.h"
#include "common/sasl/library_session.h"

namespace postrider::sasl {

namespace {

// RFC 5321 section 4.5.3.1: a local part, "@" and a domain.
constexpr std::size_t kMaxUser = 64 + 1 + 255;

// The library's own words are others; some clients know these alone.
constexpr std::string_view kAskLoginName = "Username:";
constexpr std::string_view kAskLoginPassword = "Password:";

// As much as is looked at and logged of what a client says to be.
std::string cut(std::string_view user) { return std::string(user.substr(0, kMaxUser + 1)); }

bool is_user(std::string_view user) { return !user.empty() && user.size() <= kMaxUser; }

Refused refused(int code) {
  switch (code) {
    case GSASL_AUTHENTICATION_ERROR:
    case GSASL_NO_CB_TLS_EXPORTER:
    case GSASL_NO_CB_TLS_UNIQUE: return {Refused::Why::channel};
    default: return {Refused::Why::malformed};
  }
}

}  // namespace

ServerExchange::ServerExchange(Mechanism mechanism, const ChannelBindings& bindings)
    : mechanism_(mechanism),
      bindings_(bindings),
      session_(
          std::make_unique<LibrarySession>(LibrarySession::Side::server, mechanism, bindings)) {}
ServerExchange::~ServerExchange() = default;

Step ServerExchange::begin(std::optional<Secret> initial) {
  if (mechanism_ == Mechanism::login) {
    POSTRIDER_CHECK(session_->step({}).code == GSASL_NEEDS_MORE);
    if (!initial) return Challenge{std::string(kAskLoginName)};
  }
  if (!initial) return Challenge{};
  return on_response(std::move(*initial));
}

Step ServerExchange::on_response(Secret response) {
  switch (mechanism_) {
    case Mechanism::plain:
    case Mechanism::login: return on_password(std::move(response));
    case Mechanism::scram_sha_256:
    case Mechanism::scram_sha_256_plus: break;
  }
  return server_first_.empty() ? begin_scram(std::move(response)) : end_scram(std::move(response));
}

Step ServerExchange::on_password(Secret response) {
  const Reaction reaction = session_->step(response.reveal());
  user_ = cut(session_->property(GSASL_AUTHID));
  if (reaction.code == GSASL_NEEDS_MORE && mechanism_ == Mechanism::login)
    return Challenge{std::string(kAskLoginPassword)};
  if (reaction.code != GSASL_OK || !is_user(user_)) return Refused{Refused::Why::malformed};
  if (!acts_for_itself(*session_)) return Refused{Refused::Why::another};
  return AskPassword{user_, Secret(std::string(session_->property(GSASL_PASSWORD)))};
}

// RFC 4616 section 2, RFC 5802 section 5.1: nobody may act for another here.
bool ServerExchange::acts_for_itself(const LibrarySession& session) const {
  const std::string_view other = session.property(GSASL_AUTHZID);
  return other.empty() || equals_ignoring_case(other, user_);
}

// The library answers this message at once, and by then wants the user's salt: so a session that
// goes no further reads who it is, and another begins once the salt is known.
Step ServerExchange::begin_scram(Secret response) {
  LibrarySession reader(LibrarySession::Side::server, mechanism_, bindings_);
  const Reaction reaction = reader.step(response.reveal());
  user_ = cut(reader.property(GSASL_AUTHID));
  if (reaction.code != GSASL_NEEDS_MORE) return refused(reaction.code);
  if (!is_user(user_)) return Refused{Refused::Why::malformed};
  if (!acts_for_itself(reader)) return Refused{Refused::Why::another};
  client_first_ = std::move(response);
  return AskKeys{user_};
}

Step ServerExchange::on_keys(ScramUser user) {
  scram_ = std::move(user);
  session_->set(GSASL_SCRAM_SALT, scram_.salt);
  session_->set_text(GSASL_SCRAM_ITER, std::to_string(scram_.iterations).c_str());
  const Reaction reaction = session_->step(client_first_.reveal());
  if (reaction.code != GSASL_NEEDS_MORE) return refused(reaction.code);
  server_first_ = reaction.message.reveal();
  return Challenge{server_first_};
}

// The library takes the keys of one password; which of the user's it is shows by the proof.
Step ServerExchange::end_scram(Secret response) {
  if (proven_) {
    if (response.reveal().empty()) return Proven{*proven_};
    return Refused{Refused::Why::malformed};
  }
  const ScramMessages messages{client_first_.reveal(), server_first_, response.reveal()};
  const auto keys = std::find_if(scram_.keys.begin(), scram_.keys.end(),
                                 [&](const ScramKeys& one) { return proves(messages, one); });
  if (keys == scram_.keys.end()) return Refused{Refused::Why::password};
  session_->set(GSASL_SCRAM_STOREDKEY, {keys->stored.data(), keys->stored.size()});
  session_->set(GSASL_SCRAM_SERVERKEY, {keys->server.data(), keys->server.size()});
  const Reaction reaction = session_->step(response.reveal());
  if (reaction.code != GSASL_OK) return refused(reaction.code);
  proven_ = static_cast<std::size_t>(keys - scram_.keys.begin());
  return Challenge{std::string(reaction.message.reveal())};
}

}  // namespace postrider::sasl
