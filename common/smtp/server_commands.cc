// server_commands.cc - which command of a ServerSession is legal when, and what runs it.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/enum_set.h"
#include "common/smtp/command.h"
#include "common/smtp/server_session.h"

namespace postrider::smtp {

//         EHLO, HELO, LHLO          MAIL            RCPT            DATA
//   connected ---------> ready ------------> mail --------> rcpt --------> data
//                         ^ ^                 |             |  ^ RCPT       |
//                         | '-- RSET, EHLO ---+-------------+-- BDAT --.    |
//                         |                                 |          v    |
//                         |---- RSET, EHLO, BDAT LAST ------+------- chunks |
//                         '------------- <CRLF>.<CRLF> ---------------------'
//
//   ready --- AUTH ---> authenticating --- the exchange ends ---> ready
//
//   any but data and authenticating --- QUIT, too many commands, 421 ---> closed
//   data, chunks --- too much of a message that is refused ---> closed
//
// MAIL, RCPT, DATA, BDAT and the end of data change the state when their verdict is positive.
struct ServerSession::Command {
  enum class Argument : std::uint8_t { none, allowed };

  // RFC 2033 section 4.1: whoever speaks the other protocol is to notice at once.
  enum class Spoken : std::uint8_t { both, smtp, lmtp };

  // RFC 2920 section 3.1: whether further commands may follow before its reply.
  enum class Place : std::uint8_t { anywhere, last };

  // RFC 4954 section 6: what is open to a client that has to authenticate first.
  enum class Access : std::uint8_t { anyone, authenticated };

  std::string_view verb;
  EnumSet<State> allowed_in;
  Argument argument;
  void (ServerSession::*run)(std::string_view argument);
  Access access = Access::anyone;
  Place place = Place::anywhere;
  Spoken spoken = Spoken::both;

  bool is_of(Protocol protocol) const {
    return spoken == Spoken::both || (spoken == Spoken::lmtp) == (protocol == Protocol::lmtp);
  }
};

// Which command is legal in which state: RFC 5321 section 4.1.4. Later extensions move from the
// second part of the table to the first.
const ServerSession::Command* ServerSession::find_command(std::string_view verb,
                                                          Protocol protocol) {
  using enum State;
  using enum Command::Argument;
  using enum Command::Access;
  using enum Command::Place;
  constexpr EnumSet<State> kAny{connected, ready, State::mail, State::rcpt, chunks};
  static constexpr auto kCommands = std::to_array<Command>({
      {"RCPT", {State::mail, State::rcpt}, allowed, &ServerSession::rcpt},
      {"MAIL", {ready}, allowed, &ServerSession::mail, authenticated},
      {"DATA", {State::rcpt}, none, &ServerSession::data, anyone, last},
      {"BDAT", kAny, allowed, &ServerSession::bdat},  // in each it takes its octets
      {"RSET", kAny, none, &ServerSession::rset},
      {"QUIT", kAny, none, &ServerSession::quit, anyone, last},
      {"EHLO", kAny, allowed, &ServerSession::ehlo, anyone, last, Command::Spoken::smtp},
      {"HELO", kAny, allowed, &ServerSession::helo, anyone, last, Command::Spoken::smtp},
      {"LHLO", kAny, allowed, &ServerSession::ehlo, anyone, last, Command::Spoken::lmtp},
      {"NOOP", kAny, allowed, &ServerSession::noop, anyone, last},
      {"VRFY", kAny, allowed, &ServerSession::vrfy, authenticated, last},
      {"EXPN", kAny, allowed, &ServerSession::expn, authenticated, last},
      {"HELP", kAny, allowed, &ServerSession::help},
      {"STARTTLS", kAny, none, &ServerSession::starttls},
      {"XCLIENT", {connected, ready}, allowed, &ServerSession::xclient, anyone, last},
      {"AUTH", {ready}, allowed, &ServerSession::auth, anyone, last},
      // Known to other servers and not offered here.
      {"BURL", kAny, allowed, &ServerSession::not_offered},
      {"ETRN", kAny, allowed, &ServerSession::not_offered},
      {"ATRN", kAny, allowed, &ServerSession::not_offered},
      {"TURN", kAny, allowed, &ServerSession::not_offered},
      {"SEND", kAny, allowed, &ServerSession::not_offered},
      {"SOML", kAny, allowed, &ServerSession::not_offered},
      {"SAML", kAny, allowed, &ServerSession::not_offered},
      // A web page that makes a browser speak to us (cross-protocol scripting).
      {"GET", kAny, allowed, &ServerSession::another_protocol},
      {"POST", kAny, allowed, &ServerSession::another_protocol},
      {"PUT", kAny, allowed, &ServerSession::another_protocol},
      {"CONNECT", kAny, allowed, &ServerSession::another_protocol},
  });
  const auto* const command =
      std::find_if(kCommands.begin(), kCommands.end(), [&](const Command& candidate) {
        return candidate.is_of(protocol) && equals_ignoring_case(candidate.verb, verb);
      });
  return command == kCommands.end() ? nullptr : &*command;
}

void ServerSession::execute(std::string_view line) {
  ++progress_.commands;
  if (++idle_commands_ > settings_.command_limit)
    return close({421, "4.7.0", settings_.hostname + " closing: too many commands and no message"});
  const auto [verb, argument] = split_command(line);
  const Command* const command = find_command(verb, settings_.protocol);
  if (command == nullptr) return complain({500, "5.5.2", "command not recognized"});
  const bool may_pipeline = extended_ && offered_.pipelining;
  if (!input_.rest().empty() && (!may_pipeline || command->place == Command::Place::last))
    impatient_ = true;
  if (const auto refusal = refusal_of(*command, argument)) {
    if (command->verb == "DATA" && !input_.rest().empty()) return refuse_data(*refusal);
    return follows_refusal(command->verb) ? say(*refusal) : complain(*refusal);
  }
  (this->*command->run)(argument);
}

std::optional<Reply> ServerSession::refusal_of(const Command& command,
                                               std::string_view argument) const {
  if (!command.allowed_in.contains(state_)) return out_of_sequence(command.verb);
  if (command.argument == Command::Argument::none && !argument.empty())
    return Reply{501, "5.5.4", fmt::format("{} takes no argument", command.verb)};
  if (command.access == Command::Access::authenticated && settings_.authentication_required &&
      identity_.empty())
    return authentication_missing();
  return std::nullopt;
}

// RFC 2920 section 3.1: what a client has sent behind a MAIL or a RCPT fails with it, through no
// fault of its own.
bool ServerSession::follows_refusal(std::string_view verb) const {
  const bool content = verb == "DATA" || verb == "BDAT";
  switch (state_) {
    case State::ready: return (content || verb == "RCPT") && tried_ == State::mail;
    case State::mail: return content && tried_ == State::rcpt;
    default: return false;
  }
}

// RFC 3207 section 4, RFC 4954 section 6.
Reply ServerSession::authentication_missing() const {
  if (starttls_offered() && !auth_offered())
    return {530, "5.7.0", "must issue a STARTTLS command first"};
  return {530, "5.7.0", "authentication required"};
}

Reply ServerSession::out_of_sequence(std::string_view verb) const {
  switch (state_) {
    case State::connected:
      return {503, "5.5.1", lmtp() ? "say LHLO first" : "say EHLO or HELO first"};
    case State::ready: return {503, "5.5.1", "MAIL first"};
    case State::mail:
      // RFC 5321 section 3.3, RFC 2920 section 3.1; RFC 2033 section 4.2 and 4.3.
      if (verb == "DATA" || verb == "BDAT")
        return {lmtp() ? 503 : 554, "5.5.1", "no valid recipients"};
      [[fallthrough]];
    case State::rcpt:
    case State::authenticating:
    case State::data:
    case State::chunks:
    case State::closed: break;
  }
  return {503, "5.5.1", "a transaction is under way; RSET ends it"};
}

}  // namespace postrider::smtp
