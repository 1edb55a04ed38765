// What the commands of the mailbox do, and what becomes of the answers to their questions: RFC 1939
// sections 5 to 7.
#include <utility>

#include "common/base/check.h"
#include "pop3d/session.h"

namespace postrider::pop3d {

void Session::stat(std::string_view /*argument*/) {
  send(fmt::format("+OK {} {}\r\n", maildrop_->count(), maildrop_->octets()));
}

void Session::list(std::string_view argument) { answer_list(argument, List::Of::octets); }

void Session::uidl(std::string_view argument) { answer_list(argument, List::Of::unique_ids); }

void Session::answer_list(std::string_view argument, List::Of of) {
  if (!argument.empty()) {
    if (const auto message = find_message(argument))
      send(fmt::format("+OK {}\r\n", list_line(*message, of)));
    return;
  }
  ok(Word::list_follows, maildrop_->count());
  list_ = List{of};
}

// The scan listing and the unique-id listing of a message (RFC 1939 sections 5 and 7).
std::string Session::list_line(std::size_t message, List::Of of) const {
  const maildir::Listing& listing = maildrop_->listing();
  return of == List::Of::octets ? fmt::format("{} {}", message + 1, maildrop_->octets(message))
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
    refuse_bad_command(Word::bad_number);
    return std::nullopt;
  }
  const auto message = maildrop_->find(number);
  if (!message) refuse(Word::no_message);
  return message;
}

void Session::retr(std::string_view argument) {
  const auto message = find_message(argument);
  if (!message) return;
  message_ = Message{.number = *message, .whole = true};
  ask(Question::message, OpenMessage{*message, std::nullopt, form_});
}

void Session::top(std::string_view argument) {
  const std::size_t space = argument.find(' ');
  const auto lines =
      space == std::string_view::npos ? std::nullopt : parse_line_count(argument.substr(space + 1));
  if (!lines) return refuse_bad_command(Word::bad_top);
  const auto message = find_message(argument.substr(0, space));
  if (!message) return;
  message_ = Message{.number = *message, .whole = false};
  ask(Question::message, OpenMessage{*message, *lines, form_});
}

void Session::on_portion(std::string wire, More more) {
  POSTRIDER_CHECK(question_ == Question::message && message_);
  if (!std::exchange(message_->begun, true)) {
    if (message_->whole) {
      ok(Word::message_follows, maildrop_->octets(message_->number));
    } else {
      ok(Word::top_follows);
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
  answered(Question::message);
}

void Session::on_message_unavailable() {
  POSTRIDER_CHECK(message_.has_value());
  answered(Question::message);
  const bool begun = message_->begun;
  message_.reset();
  // In the middle of a message there is no other way to say that it is not whole.
  if (begun) return close();
  refuse(Word::not_read);
}

void Session::dele(std::string_view argument) {
  const auto message = find_message(argument);
  if (!message) return;
  maildrop_->mark(*message);
  ok(Word::marked, *message + 1);
}

void Session::rset(std::string_view /*argument*/) {
  maildrop_->unmark_all();
  ok(Word::maildrop, maildrop_->count(), maildrop_->octets());
}

void Session::noop(std::string_view /*argument*/) { ok(Word::done); }

// RFC 1939 section 6: only here are messages removed.
void Session::quit(std::string_view /*argument*/) {
  quit_ = true;
  if (state_ == State::transaction) {
    state_ = State::update;
    if (auto marked = maildrop_->marked(); !marked.empty()) {
      removing_ = marked.size();
      return ask(Question::removal, RemoveMessages{std::move(marked)});
    }
  }
  ok(Word::bye);
  close();
}

void Session::on_removed(std::size_t failures) {
  POSTRIDER_CHECK(failures <= removing_);
  answered(Question::removal);
  totals_.deleted = removing_ - failures;
  if (failures > 0) {
    refuse(Word::not_removed, failures);
  } else {
    ok(Word::removed, removing_);
  }
  close();
}

}  // namespace postrider::pop3d
