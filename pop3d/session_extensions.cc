// session_extensions.cc - what a client may find out and change of its session: CAPA, STLS, UTF8,
// LANG.
//
// RFC 2449 (CAPA), RFC 2595 section 4 (STLS), RFC 6856 (UTF8, LANG).
#include "common/base/check.h"
#include "pop3d/session.h"

namespace postrider::pop3d {

namespace {

using Days = std::chrono::duration<std::int64_t, std::ratio<86400>>;

// RFC 2449 section 6.7. What is kept for less than a day must not be left on the server: 0.
std::string expire_line(std::chrono::seconds retention) {
  if (retention.count() == 0) return "EXPIRE NEVER\r\n";
  return fmt::format("EXPIRE {}\r\n", std::chrono::duration_cast<Days>(retention).count());
}

}  // namespace

// RFC 2449 section 6. The delay is the same for all users; retention is that of the configuration
// until the login, then that of the mailbox. Which version this is, is nobody's business (section
// 6.9).
// Deviation: section 6.7 wants the shortest of all users before the login, and USER behind it,
// because to know it the directory would have to be searched for each greeting.
void Session::capa(std::string_view /*argument*/) {
  std::string lines = fmt::format("+OK {}\r\nTOP\r\nUIDL\r\n", say(Word::capabilities_follow));
  if (may_send_password())
    lines += fmt::format("USER\r\nSASL {}\r\n", sasl::mechanism_names(binding_));
  if (offers_stls()) lines += "STLS\r\n";
  lines += "PIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nUTF8 USER\r\nLANG\r\n";
  lines += expire_line(retention_.value_or(options_.retention));
  if (options_.login_delay.count() > 0)
    lines += fmt::format("LOGIN-DELAY {}\r\n", options_.login_delay.count());
  lines += "IMPLEMENTATION Postrider\r\n.\r\n";
  send(std::move(lines));
}

// What is pipelined behind it came in the clear, and would be taken for what is said under TLS.
void Session::stls(std::string_view /*argument*/) {
  if (secured_) return refuse_bad_command(Word::tls_active);
  if (!offers_stls()) return refuse_bad_command(Word::no_tls);
  if (input_done_ < input_.size()) return refuse_and_close(Word::behind_stls);
  ok(Word::begin_tls);
  ask(Question::tls, StartTls{});
}

// RFC 2595 section 4: nothing is left of what the client said before the handshake.
void Session::on_secured(sasl::Binding binding) {
  answered(Question::tls);
  secured_ = true;
  binding_ = binding;
  input_.clear();
  input_done_ = 0;
  user_.clear();
  state_ = State::authorization;
  form_ = maildir::Form::downgraded;
  language_ = Language::english;
  if (options_.tls == Tls::implicit) greet();
}

// RFC 6856 section 2.1.
void Session::utf8(std::string_view /*argument*/) {
  form_ = maildir::Form::original;
  ok(Word::utf8_on);
}

// RFC 6856 section 3.1.
void Session::lang(std::string_view argument) {
  if (argument.empty()) {
    std::string lines = fmt::format("+OK {}\r\n", say(Word::languages_follow));
    for (const LanguageName& language : languages())
      lines += fmt::format("{} {}\r\n", language.tag, language.name);
    return send(lines + ".\r\n");
  }
  const auto language = find_language(argument);
  if (!language) return refuse_bad_command(Word::unknown_language);
  language_ = *language;
  ok(Word::language_changed, languages()[static_cast<std::size_t>(language_)].tag);
}

}  // namespace postrider::pop3d
