// session_login.cc - how a client says who it is: USER and PASS, APOP, AUTH.
//
// Who knows an account and who does not are told the same, whatever way they choose. RFC 1939
// sections 4 and 7, RFC 5034.
#include <algorithm>
#include <utility>

#include "common/base/ascii.h"
#include "common/base/base64.h"
#include "common/base/check.h"
#include "common/base/utf8.h"
#include "common/sasl/apop.h"
#include "pop3d/session.h"

namespace postrider::pop3d {

namespace {

// RFC 2449 section 8 ([IN-USE], [LOGIN-DELAY]), RFC 3206 section 4 (the others).
Word word_of(LoginRefusal why) {
  switch (why) {
    case LoginRefusal::malformed: return Word::bad_response;
    case LoginRefusal::credentials: return Word::wrong_credentials;
    case LoginRefusal::banned: return Word::banned;
    case LoginRefusal::too_soon: return Word::too_soon;
    case LoginRefusal::in_use: return Word::in_use;
    case LoginRefusal::temporary: return Word::not_now;
    case LoginRefusal::permanent: return Word::not_openable;
  }
  return Word::not_now;
}

bool is_digest(std::string_view text) {
  return text.size() == sasl::kApopDigest &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

bool Session::may_send_password() const noexcept {
  return secured_ || options_.plaintext == Plaintext::allowed;
}

void Session::user(std::string_view argument) {
  if (!may_send_password()) return refuse_bad_command(Word::plaintext_refused);
  // RFC 6856 section 2.2: whether the client has said UTF8 or not.
  if (!is_utf8(argument)) return refuse_bad_command(Word::not_utf8);
  // Whether the user exists is told by nobody before PASS, and not after it either.
  user_ = argument;
  state_ = State::named;
  ok(Word::send_pass);
}

void Session::pass(std::string_view argument) {
  if (!is_utf8(argument)) return refuse_bad_command(Word::not_utf8);
  ask(Question::login, Login{std::exchange(user_, {}), Secret(std::string(argument))});
}

void Session::apop(std::string_view argument) {
  if (options_.apop_timestamp.empty()) return refuse_bad_command(Word::no_apop);
  const std::size_t space = argument.rfind(' ');
  const std::string_view user = trim(argument.substr(0, std::min(space, argument.size())));
  if (space == std::string_view::npos || !is_digest(argument.substr(space + 1)))
    return refuse_bad_command(Word::bad_apop);
  if (!is_utf8(user)) return refuse_bad_command(Word::not_utf8);
  ask(Question::login,
      Apop{std::string(user), options_.apop_timestamp, std::string(argument.substr(space + 1))});
}

// ---- AUTH (RFC 5034 section 4) ----

void Session::auth(std::string_view argument) {
  if (!may_send_password()) return refuse_bad_command(Word::plaintext_refused);
  if (argument.empty()) return send_mechanisms();
  const std::size_t space = std::min(argument.find(' '), argument.size());
  const std::string_view initial = trim(argument.substr(space));
  const auto mechanism = sasl::find_mechanism(argument.substr(0, space), binding_);
  if (!mechanism) return refuse_bad_command(Word::unknown_mechanism);
  // "=" is an initial response without octets.
  auto octets = from_base64(initial == "=" ? "" : initial);
  if (!octets) return refuse_bad_command(Word::not_base64);
  user_.clear();
  state_ = State::authenticating;
  Authenticate begin{*mechanism, std::nullopt};
  if (!initial.empty()) begin.initial.emplace(std::move(*octets));
  ask(Question::login, std::move(begin));
}

// No RFC has it, but old clients ask so which mechanisms there are.
void Session::send_mechanisms() {
  std::string names = sasl::mechanism_names(binding_);
  std::string lines;
  for (const char c : names) lines += c == ' ' ? "\r\n" : std::string(1, c);
  send(fmt::format("+OK {}\r\n{}\r\n.\r\n", say(Word::mechanisms_follow), lines));
}

void Session::on_challenge(std::string_view octets) {
  POSTRIDER_CHECK(state_ == State::authenticating);
  answered(Question::login);
  send(fmt::format("+ {}\r\n", to_base64(octets)));
}

void Session::respond(std::string_view line) {
  if (line == "*") return give_up_auth(Word::cancelled);
  auto octets = from_base64(line);
  if (!octets) return give_up_auth(Word::not_base64);
  ask(Question::login, AuthResponse{Secret(std::move(*octets))});
}

void Session::give_up_auth(Word word) {
  state_ = State::authorization;
  refuse_bad_command(word);
}

// ---- What becomes of it ----

void Session::on_login_accepted(const maildir::Listing& listing,
                                std::optional<std::chrono::seconds> retention) {
  answered(Question::login);
  state_ = State::transaction;
  retention_ = retention;
  maildrop_.emplace(listing, form_);
  ok(Word::maildrop, maildrop_->count(), maildrop_->octets());
}

void Session::on_login_refused(LoginRefusal why) {
  answered(Question::login);
  state_ = State::authorization;
  refuse_bad_command(word_of(why));
}

}  // namespace postrider::pop3d
