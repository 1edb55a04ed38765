// The machinery: lines, the table of commands, actions. The commands are in session_commands.cc.
#include "pop3d/session.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/enum_set.h"

namespace postrider::pop3d {

namespace {

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

// RFC 1939 sections 4 to 7, RFC 2449 section 5.
const Session::Command* Session::find_command(std::string_view verb) {
  using enum State;
  static constexpr auto kCommands = std::to_array<Command>({
      {"USER", {authorization, named}, Argument::required, &Session::user},
      {"PASS", {named}, Argument::verbatim, &Session::pass},
      {"CAPA", {authorization, named, transaction}, Argument::none, &Session::capa},
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
  // No timestamp: APOP is not offered (RFC 1939 section 7).
  ok(fmt::format("{} POP3 ready", options_.hostname));
}

void Session::on_bytes(std::string_view bytes) {
  if (state_ == State::closed) return;
  input_.erase(0, std::exchange(input_done_, 0));
  input_.append(bytes);
}

std::optional<Action> Session::next_action() {
  while (actions_.empty() && !waiting_ && state_ != State::closed) {
    if (list_) {
      send_list_portion();
    } else if (!take_line()) {
      break;
    }
  }
  if (actions_.empty()) return std::nullopt;
  Action action = std::move(actions_.front());
  actions_.pop_front();
  return action;
}

// A line ends with CRLF and nothing else. A bare LF is refused, and so is all that follows it: a
// client in whose strings others may hide line breaks must not get them executed as commands.
bool Session::take_line() {
  const std::string_view rest = std::string_view(input_).substr(input_done_);
  const std::size_t lf = rest.substr(0, kMaxLine).find('\n');
  if (lf == std::string_view::npos) {
    if (rest.size() >= kMaxLine) refuse_and_close("the command line is too long");
    return false;
  }
  if (lf == 0 || rest[lf - 1] != '\r') {
    refuse_and_close("a line ends with CRLF, not with a bare LF");
    return false;
  }
  input_done_ += lf + 1;
  execute(rest.substr(0, lf - 1));
  return true;
}

void Session::execute(std::string_view line) {
  if (line.find('\r') != std::string_view::npos) return refuse_and_close("a bare CR in a command");
  if (line.find('\0') != std::string_view::npos) return refuse_and_close("a NUL in a command");
  const std::size_t space = std::min(line.find(' '), line.size());
  const Command* const command = find_command(line.substr(0, space));
  if (command == nullptr) return refuse_bad_command("unknown command");
  if (!command->allowed_in.contains(state_)) return refuse_bad_command("not in this state");
  const bool separated = space < line.size();
  std::string_view argument = line.substr(separated ? space + 1 : space);
  if (command->argument == Argument::verbatim) {
    if (!separated) return refuse_bad_command("an argument is missing");
  } else {
    argument = trim(argument);
    if (command->argument == Argument::none && !argument.empty())
      return refuse_bad_command("this command takes no argument");
    if (command->argument == Argument::required && argument.empty())
      return refuse_bad_command("an argument is missing");
  }
  (this->*command->run)(argument);
}

void Session::send(std::string bytes) { actions_.emplace_back(Send{std::move(bytes)}); }

void Session::ok(std::string_view text) { send(fmt::format("+OK {}\r\n", text)); }

void Session::refuse(std::string_view text) { send(fmt::format("-ERR {}\r\n", text)); }

void Session::refuse_and_close(std::string_view text) {
  refuse(text);
  close();
}

void Session::refuse_bad_command(std::string_view text) {
  if (++bad_commands_ < options_.bad_command_limit) return refuse(text);
  refuse_and_close(fmt::format("{}; too many bad commands", text));
}

void Session::ask(Action question) {
  actions_.push_back(std::move(question));
  waiting_ = true;
}

void Session::close() {
  actions_.emplace_back(Close{});
  state_ = State::closed;
}

}  // namespace postrider::pop3d
