#include "common/sasl/server_exchange.h"

#include <algorithm>
#include <utility>

#include <gsasl.h>

#include "common/base/ascii.h"
#include "common/base/base64.h"
#include "common/base/check.h"
#include "common/base/handle.h"

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

struct ServerExchange::Reaction {
  int code;
  std::string octets;
};

// A session of the library, which is cheap to open and holds no state beyond it.
class ServerExchange::Session {
 public:
  Session(Mechanism mechanism, const ChannelBindings& bindings) {
    Gsasl* library = nullptr;
    POSTRIDER_CHECK(::gsasl_init(&library) == GSASL_OK);
    library_.reset(library);
    ::gsasl_callback_set(library, &Session::on_question);
    Gsasl_session* session = nullptr;
    const std::string name(name_of(mechanism));
    POSTRIDER_CHECK(::gsasl_server_start(library, name.c_str(), &session) == GSASL_OK);
    session_.reset(session);
    if (!bindings.tls_exporter.empty()) set(GSASL_CB_TLS_EXPORTER, bindings.tls_exporter);
    if (!bindings.tls_unique.empty()) set(GSASL_CB_TLS_UNIQUE, bindings.tls_unique);
  }

  Reaction step(std::string_view message) {
    char* made = nullptr;
    std::size_t size = 0;
    const int code = ::gsasl_step(session_.get(), message.data(), message.size(), &made, &size);
    Reaction reaction{code, std::string(made != nullptr ? made : "", size)};
    ::gsasl_free(made);
    return reaction;
  }

  // Octets go to the library in base64.
  void set(Gsasl_property property, std::string_view octets) {
    set_text(property, to_base64(octets));
  }
  void set_text(Gsasl_property property, const std::string& text) {
    POSTRIDER_CHECK(::gsasl_property_set(session_.get(), property, text.c_str()) == GSASL_OK);
  }
  std::string_view property(Gsasl_property property) const {
    const char* const text = ::gsasl_property_fast(session_.get(), property);
    return text != nullptr ? text : "";
  }

 private:
  // The library may take any password of PLAIN and LOGIN: it is verified when the exchange is over.
  static int on_question(Gsasl* /*library*/, Gsasl_session* /*session*/,
                         Gsasl_property property) noexcept {
    return property == GSASL_VALIDATE_SIMPLE ? GSASL_OK : GSASL_NO_CALLBACK;
  }

  Handle<Gsasl, &gsasl_done> library_;
  Handle<Gsasl_session, &gsasl_finish> session_;
};

ServerExchange::ServerExchange(Mechanism mechanism, const ChannelBindings& bindings)
    : mechanism_(mechanism),
      bindings_(bindings),
      session_(std::make_unique<Session>(mechanism, bindings)) {}
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
bool ServerExchange::acts_for_itself(const Session& session) const {
  const std::string_view other = session.property(GSASL_AUTHZID);
  return other.empty() || equals_ignoring_case(other, user_);
}

// The library answers this message at once, and by then wants the user's salt: so a session that
// goes no further reads who it is, and another begins once the salt is known.
Step ServerExchange::begin_scram(Secret response) {
  Session reader(mechanism_, bindings_);
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
  session_->set_text(GSASL_SCRAM_ITER, std::to_string(scram_.iterations));
  Reaction reaction = session_->step(client_first_.reveal());
  if (reaction.code != GSASL_NEEDS_MORE) return refused(reaction.code);
  server_first_ = reaction.octets;
  return Challenge{std::move(reaction.octets)};
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
  Reaction reaction = session_->step(response.reveal());
  if (reaction.code != GSASL_OK) return refused(reaction.code);
  proven_ = static_cast<std::size_t>(keys - scram_.keys.begin());
  return Challenge{std::move(reaction.octets)};
}

}  // namespace postrider::sasl
