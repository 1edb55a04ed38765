// What each command of a Session does, and what becomes of the answers to its questions.
#include <utility>

#include <fmt/format.h>

#include "common/base/check.h"
#include "pop3d/session.h"

namespace postrider::pop3d {

namespace {

// RFC 2449 section 8 ([IN-USE]), RFC 3206 section 4 (the others).
std::string_view text_of(LoginRefusal why) {
  switch (why) {
    case LoginRefusal::credentials: return "[AUTH] wrong user or password";
    case LoginRefusal::banned: return "[SYS/TEMP] too many wrong passwords, try again later";
    case LoginRefusal::in_use: return "[IN-USE] another session has this mailbox open";
    case LoginRefusal::temporary: return "[SYS/TEMP] the mailbox cannot be opened now";
    case LoginRefusal::permanent: return "[SYS/PERM] the mailbox cannot be opened";
  }
  return "[SYS/TEMP]";
}

}  // namespace

void Session::user(std::string_view argument) {
  if (options_.plaintext == Plaintext::refused)
    return refuse_bad_command("[SYS/PERM] a password may not be sent in the clear here");
  // Whether the user exists is told by nobody before PASS, and not after it either.
  user_ = argument;
  state_ = State::named;
  ok("send PASS");
}

void Session::pass(std::string_view argument) {
  ask(Login{std::move(user_), Secret(std::string(argument))});
}

void Session::on_login_accepted(const maildir::Listing& listing) {
  POSTRIDER_CHECK(waiting_ && state_ == State::named);
  waiting_ = false;
  state_ = State::transaction;
  maildrop_.emplace(listing);
  ok(fmt::format("{} messages ({} octets)", maildrop_->count(), maildrop_->octets()));
}

void Session::on_login_refused(LoginRefusal why) {
  POSTRIDER_CHECK(waiting_ && state_ == State::named);
  waiting_ = false;
  state_ = State::authorization;
  refuse_bad_command(text_of(why));
}

// RFC 2449 section 6. There is no AUTH yet, so SASL is not among them; EXPIRE NEVER: nothing is
// removed but by DELE.
void Session::capa(std::string_view /*argument*/) {
  const bool user = options_.plaintext == Plaintext::allowed;
  send(
      fmt::format("+OK capabilities follow\r\n"
                  "TOP\r\n"
                  "UIDL\r\n"
                  "{}"
                  "PIPELINING\r\n"
                  "RESP-CODES\r\n"
                  "AUTH-RESP-CODE\r\n"
                  "EXPIRE NEVER\r\n"
                  "IMPLEMENTATION Postrider\r\n"
                  ".\r\n",
                  user ? "USER\r\n" : ""));
}

void Session::stat(std::string_view /*argument*/) {
  ok(fmt::format("{} {}", maildrop_->count(), maildrop_->octets()));
}

void Session::list(std::string_view argument) { answer_list(argument, List::Of::octets); }

void Session::uidl(std::string_view argument) { answer_list(argument, List::Of::unique_ids); }

void Session::answer_list(std::string_view argument, List::Of of) {
  if (!argument.empty()) {
    if (const auto message = find_message(argument)) ok(list_line(*message, of));
    return;
  }
  ok(fmt::format("{} messages", maildrop_->count()));
  list_ = List{of};
}

// The scan listing and the unique-id listing of a message (RFC 1939 sections 5 and 7).
std::string Session::list_line(std::size_t message, List::Of of) const {
  const maildir::Listing& listing = maildrop_->listing();
  return of == List::Of::octets ? fmt::format("{} {}", message + 1, listing.octets(message))
                                : fmt::format("{} {}", message + 1, listing.unique_id(message));
}

void Session::send_list_portion() {
  std::string portion;
  while (portion.size() < kListPortion) {
    const auto message = maildrop_->next(list_->next);
    if (!message) {
      portion += ".\r\n";
      list_.reset();
      break;
    }
    portion += list_line(*message, list_->of);
    portion += "\r\n";
    list_->next = *message + 1;
  }
  send(std::move(portion));
}

std::optional<std::size_t> Session::find_message(std::string_view number) {
  if (!parse_message_number(number)) {
    refuse_bad_command("a message-number is 1 or more, in digits");
    return std::nullopt;
  }
  const auto message = maildrop_->find(number);
  if (!message) refuse("no such message");
  return message;
}

void Session::retr(std::string_view argument) {
  const auto message = find_message(argument);
  if (!message) return;
  message_ = Message{.number = *message, .whole = true};
  ask(OpenMessage{*message, std::nullopt});
}

void Session::top(std::string_view argument) {
  const std::size_t space = argument.find(' ');
  const auto lines =
      space == std::string_view::npos ? std::nullopt : parse_line_count(argument.substr(space + 1));
  if (!lines) return refuse_bad_command("TOP takes a message-number and a number of lines");
  const auto message = find_message(argument.substr(0, space));
  if (!message) return;
  message_ = Message{.number = *message, .whole = false};
  ask(OpenMessage{*message, *lines});
}

void Session::on_portion(std::string wire, More more) {
  POSTRIDER_CHECK(waiting_ && message_);
  if (!std::exchange(message_->begun, true)) {
    if (message_->whole) {
      ok(fmt::format("{} octets", maildrop_->listing().octets(message_->number)));
    } else {
      ok("top of message follows");
    }
  }
  totals_.octets += wire.size();
  send(std::move(wire));
  if (more == More::yes) {
    actions_.emplace_back(ReadMessage{});
    return;
  }
  send(".\r\n");
  if (message_->whole) ++totals_.retrieved;
  message_.reset();
  waiting_ = false;
}

void Session::on_message_unavailable() {
  POSTRIDER_CHECK(waiting_ && message_);
  waiting_ = false;
  const bool begun = message_->begun;
  message_.reset();
  // In the middle of a message there is no other way to say that it is not whole.
  if (begun) return close();
  refuse("[SYS/TEMP] the message cannot be read now");
}

void Session::dele(std::string_view argument) {
  const auto message = find_message(argument);
  if (!message) return;
  maildrop_->mark(*message);
  ok(fmt::format("message {} is marked as deleted", *message + 1));
}

void Session::rset(std::string_view /*argument*/) {
  maildrop_->unmark_all();
  ok(fmt::format("{} messages ({} octets)", maildrop_->count(), maildrop_->octets()));
}

void Session::noop(std::string_view /*argument*/) { ok("done"); }

// RFC 1939 section 6: only here are messages removed.
void Session::quit(std::string_view /*argument*/) {
  quit_ = true;
  if (state_ == State::transaction) {
    state_ = State::update;
    if (auto marked = maildrop_->marked(); !marked.empty()) {
      removing_ = marked.size();
      return ask(RemoveMessages{std::move(marked)});
    }
  }
  ok("bye");
  close();
}

void Session::on_removed(std::size_t failures) {
  POSTRIDER_CHECK(waiting_ && state_ == State::update && failures <= removing_);
  waiting_ = false;
  totals_.deleted = removing_ - failures;
  if (failures > 0) {
    refuse(fmt::format("[SYS/TEMP] {} deleted messages could not be removed", failures));
  } else {
    ok(fmt::format("{} messages removed, bye", removing_));
  }
  close();
}

}  // namespace postrider::pop3d
