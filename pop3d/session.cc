// The machinery: lines, the table of commands, actions. What the commands do is in session_login.cc
// (who the client is), session_extensions.cc (what may be changed) and session_commands.cc (the
// mailbox).
#include "pop3d/session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/ascii.h"
#include "common/base/check.h"
#include "common/base/enum_set.h"

namespace postrider::pop3d {

namespace {

// A client's bytes in a buffer that grew beyond this do not keep it when they are executed.
constexpr std::size_t kKeptCapacity = 64;

enum class Argument : std::uint8_t {
  none,
  optional,
  required,
  verbatim,  // required, and not a space of it is touched: a password
};

}  // namespace

struct Session::Command {
  std::string_view verb;
  EnumSet<State> allowed_in;
  Argument argument;
  void (Session::*run)(std::string_view argument);
};

// RFC 1939 sections 4 to 7, RFC 2449 section 5, RFC 2595 section 4, RFC 5034 section 4, RFC 6856
// sections 2.1 and 3.1.
const Session::Command* Session::find_command(std::string_view verb) {
  using enum State;
  static constexpr auto kCommands = std::to_array<Command>({
      {"USER", {authorization, named}, Argument::required, &Session::user},
      {"PASS", {named}, Argument::verbatim, &Session::pass},
      {"APOP", {authorization, named}, Argument::required, &Session::apop},
      {"AUTH", {authorization, named}, Argument::optional, &Session::auth},
      {"STLS", {authorization, named}, Argument::none, &Session::stls},
      {"UTF8", {authorization, named}, Argument::none, &Session::utf8},
      {"CAPA", {authorization, named, transaction}, Argument::none, &Session::capa},
      {"LANG", {authorization, named, transaction}, Argument::optional, &Session::lang},
      {"STAT", {transaction}, Argument::none, &Session::stat},
      {"LIST", {transaction}, Argument::optional, &Session::list},
      {"UIDL", {transaction}, Argument::optional, &Session::uidl},
      {"RETR", {transaction}, Argument::required, &Session::retr},
      {"TOP", {transaction}, Argument::required, &Session::top},
      {"DELE", {transaction}, Argument::required, &Session::dele},
      {"RSET", {transaction}, Argument::none, &Session::rset},
      {"NOOP", {transaction}, Argument::none, &Session::noop},
      {"QUIT", {authorization, named, transaction}, Argument::none, &Session::quit},
  });
  const auto* const command = std::find_if(
      kCommands.begin(), kCommands.end(),
      [&](const Command& candidate) { return equals_ignoring_case(candidate.verb, verb); });
  return command == kCommands.end() ? nullptr : &*command;
}

Session::Session(SessionOptions options) : options_(std::move(options)) {
  if (options_.tls == Tls::implicit) {
    ask(Question::tls, StartTls{});
  } else {
    greet();
  }
}

// The timestamp of APOP is where RFC 1939 section 7 has it: a msg-id in the greeting.
void Session::greet() {
  const std::string_view space = options_.apop_timestamp.empty() ? "" : " ";
  send(fmt::format("+OK {}{}{}\r\n", say(Word::ready, options_.hostname), space,
                   options_.apop_timestamp));
}

void Session::on_bytes(std::string_view bytes) {
  if (state_ == State::closed) return;
  input_.erase(0, std::exchange(input_done_, 0));
  input_.append(bytes);
}

std::optional<Action> Session::next_action() {
  while (actions_taken_ == actions_.size() && !waiting() && state_ != State::closed) {
    if (list_) {
      send_list_portion();
    } else if (!take_line()) {
      break;
    }
  }
  if (actions_taken_ == actions_.size()) {
    release_memory();
    return std::nullopt;
  }
  Action action = std::move(actions_[actions_taken_]);
  if (++actions_taken_ == actions_.size()) {
    actions_.clear();
    actions_taken_ = 0;
  }
  return action;
}

// An idle connection is one of many.
void Session::release_memory() {
  std::vector<Action>().swap(actions_);
  actions_taken_ = 0;
  if (input_done_ < input_.size()) return;
  input_.clear();
  input_done_ = 0;
  if (input_.capacity() > kKeptCapacity) input_.shrink_to_fit();
}

// A line ends with CRLF and nothing else. A bare LF is refused, and so is all that follows it: a
// client in whose strings others may hide line breaks must not get them executed as commands.
bool Session::take_line() {
  const std::size_t limit = state_ == State::authenticating ? kMaxResponse : kMaxLine;
  const std::string_view rest = std::string_view(input_).substr(input_done_);
  const std::size_t lf = rest.substr(0, limit).find('\n');
  if (lf == std::string_view::npos) {
    if (rest.size() >= limit) refuse_and_close(Word::line_too_long);
    return false;
  }
  if (lf == 0 || rest[lf - 1] != '\r') {
    refuse_and_close(Word::bare_lf);
    return false;
  }
  input_done_ += lf + 1;
  execute(rest.substr(0, lf - 1));
  return true;
}

void Session::execute(std::string_view line) {
  if (line.find('\r') != std::string_view::npos) return refuse_and_close(Word::bare_cr);
  if (line.find('\0') != std::string_view::npos) return refuse_and_close(Word::nul);
  if (state_ == State::authenticating) return respond(line);
  const std::size_t space = std::min(line.find(' '), line.size());
  const Command* const command = find_command(line.substr(0, space));
  if (command == nullptr) return refuse_bad_command(Word::unknown_command);
  if (!command->allowed_in.contains(state_)) return refuse_bad_command(Word::wrong_state);
  const bool separated = space < line.size();
  std::string_view argument = line.substr(separated ? space + 1 : space);
  if (command->argument == Argument::verbatim) {
    if (!separated) return refuse_bad_command(Word::argument_missing);
  } else {
    argument = trim(argument);
    if (command->argument == Argument::none && !argument.empty())
      return refuse_bad_command(Word::argument_unexpected);
    if (command->argument == Argument::required && argument.empty())
      return refuse_bad_command(Word::argument_missing);
  }
  (this->*command->run)(argument);
}

void Session::send(std::string bytes) { actions_.emplace_back(Send{std::move(bytes)}); }

void Session::refuse_and_close(Word word) {
  refuse(word);
  close();
}

void Session::refuse_bad_command(Word word) {
  if (++bad_commands_ < options_.bad_command_limit) return refuse(word);
  const std::string_view code = code_of(word);
  send(fmt::format("-ERR {}{}{}; {}\r\n", code, code.empty() ? "" : " ", say(word),
                   say(Word::too_many)));
  close();
}

void Session::ask(Question question, Action action) {
  actions_.push_back(std::move(action));
  question_ = question;
}

void Session::answered(Question question) {
  POSTRIDER_CHECK(question_ == question);
  question_ = Question::none;
}

void Session::close() {
  actions_.emplace_back(Close{});
  state_ = State::closed;
}

}  // namespace postrider::pop3d
