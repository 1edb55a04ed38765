// server_session_auth.cc - the dialogue of AUTH: lines of base64, until the owner's word ends it.
//
// RFC 4954 section 4. After a login that succeeds nothing is forgotten, as no mechanism here lays a
// security layer over the connection.
#include <utility>

#include "common/base/base64.h"
#include "common/base/check.h"
#include "common/smtp/command.h"
#include "common/smtp/server_session.h"

namespace postrider::smtp {

bool ServerSession::auth_offered() const {
  return offered_.auth && (secured_ || offered_.auth_in_clear);
}

void ServerSession::auth(std::string_view argument) {
  if (!offered_.auth) return not_offered({});
  if (!identity_.empty()) return complain({503, "5.5.1", "authenticated already"});
  if (!auth_offered()) return complain({538, "5.7.11", "a password needs encryption"});
  if (!extended_) return complain({503, "5.5.1", "say EHLO first"});
  const auto [name, initial] = split_command(argument);
  const auto mechanism = sasl::find_mechanism(name, binding_);
  if (!mechanism) return complain({504, "5.5.4", "unknown authentication mechanism"});
  // "=" is an initial response without octets.
  auto octets = from_base64(initial == "=" ? "" : initial);
  if (!octets) return complain({501, "5.5.2", "the initial response is not base64"});
  state_ = State::authenticating;
  Authenticate begin{*mechanism, std::nullopt};
  if (!initial.empty()) begin.initial.emplace(std::move(*octets));
  ask(Question::auth, std::move(begin));
}

// False: more input is needed.
bool ServerSession::take_response() {
  using Kind = CommandReader::Kind;
  const auto taken = commands_.take(input_.rest(), CommandReader::Expected::auth_response);
  switch (taken.kind) {
    case Kind::incomplete: return false;
    case Kind::line: respond(taken.line); break;
    case Kind::too_long:
      give_up_auth({500, "5.5.6", "the line is too long for an authentication"});
      break;
    case Kind::malformed:
    case Kind::alien: give_up_auth({501, "5.5.2", "the response is not base64"}); break;
  }
  return true;
}

void ServerSession::respond(std::string_view line) {
  if (line == "*") return give_up_auth({501, "5.7.0", "authentication cancelled"});
  auto octets = from_base64(line);
  if (!octets) return give_up_auth({501, "5.5.2", "the response is not base64"});
  ask(Question::auth, AuthResponse{Secret(std::move(*octets))});
}

void ServerSession::give_up_auth(const Reply& reply) {
  state_ = State::ready;
  complain(reply);
}

void ServerSession::on_challenge(std::string_view octets) {
  POSTRIDER_CHECK(question_ == Question::auth);
  question_ = Question::none;
  say({334, "", to_base64(octets)});
}

void ServerSession::on_authenticated(std::string identity) {
  POSTRIDER_CHECK(question_ == Question::auth && !identity.empty());
  question_ = Question::none;
  state_ = State::ready;
  identity_ = std::move(identity);
  begin_anew();
  say({235, "2.7.0", "authenticated"});
}

}  // namespace postrider::smtp
