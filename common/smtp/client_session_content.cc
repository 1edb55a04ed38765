// How the content goes to the server, by DATA or BDAT, and what is said of it (RFC 5321 section
// 4.1.1.4, RFC 3030, RFC 2033 sections 4.2 and 4.3).
#include "common/smtp/client_session.h"

#include <algorithm>

#include <fmt/format.h>

namespace postrider::smtp {

namespace {

// RFC 5321 section 4.2.1.
bool is_of_syntax(const Reply& reply) noexcept { return reply.code / 10 == 50; }

// Whether `reply` may find fault with the command as well as with the message: RFC 3463
// section 3.6, and 554 where it says no more.
bool may_be_of_command(const Reply& reply) noexcept {
  const bool says_no_more = reply.status.empty() || reply.status == "5.0.0";
  return reply.status.starts_with("5.5.") || (reply.code == 554 && says_no_more);
}

// RFC 3463 sections 3.2 and 3.3.
bool is_of_recipient(const Reply& reply) noexcept {
  return reply.status.starts_with("5.1.") || reply.status.starts_with("5.2.");
}

// Whether `reply` is on the message, whoever it is for: its size, its content (RFC 3463 sections
// 3.4 and 3.7).
bool is_of_message(const Reply& reply) noexcept {
  return reply.status == "5.3.4" || reply.status.starts_with("5.6.");
}

}  // namespace

// RFC 2033 does not say how many replies BDAT has where no recipient was accepted: in LMTP it waits
// until one is.
bool ClientSession::fits_one_flight() const noexcept {
  return by_chunks() && extensions_.pipelining && !lmtp() && transaction_.size <= kOneFlight;
}

// In LMTP DATA waits, too, for what is said to RCPT.
bool ClientSession::sends_data_along() const noexcept {
  return extensions_.pipelining && !by_chunks() && !lmtp();
}

// Some servers of LMTP have a reply at the end for those recipients as well that they refused at
// RCPT, and nothing tells whose a reply is. So the message goes in a transaction of those alone who
// are accepted: each has fewer recipients than the one before it.
void ClientSession::recipients_answered() {
  if (in_one_flight_) return enter(State::end_of_data);
  if (sends_data_along()) return enter(State::data);
  if (!any_open()) return reset_and_finish();
  if (lmtp() && open() < asked_.size()) {
    send("RSET\r\n");
    return enter(State::rset);
  }
  if (by_chunks()) {
    send_chunk();
    return enter(State::content);
  }
  send("DATA\r\n");
  enter(State::data);
}

// Each is begun when the one before it was taken; the last ends the message.
void ClientSession::send_chunk() {
  const std::uint64_t octets = std::min(unsent_, kChunk);
  unsent_ -= octets;
  send(fmt::format("BDAT {}{}\r\n", octets, unsent_ == 0 ? " LAST" : ""));
  actions_.emplace_back(SendChunk{octets});
}

void ClientSession::on_content_sent() {
  if (state_ != State::content) return;
  enter(by_chunks() && unsent_ > 0 ? State::chunk : State::end_of_data);
}

void ClientSession::data_answered(const Reply& reply) {
  if (reply.code == 354 && any_open()) {
    actions_.emplace_back(SendContent{});
    return enter(State::content);
  }
  if (reply.code == 354) {
    // RFC 2920 section 3.1: DATA went out before all recipients were refused.
    send(".\r\n");
    return finish(State::lone_dot);
  }
  settle_open(reply.permanent() ? outcome_here(reply) : Outcome::deferred, reply);
  reset_and_finish();
}

// A reply before the message's end: the server gave up reading.
void ClientSession::interrupted(const Reply& reply) {
  if (is_bdat_refused(reply)) return end_for_data(reply);
  if (reply.positive())
    return give_up({0, "4.5.0", "the server accepted the message before its end"});
  settle_early(reply);
  end_with_connection();
}

// In LMTP a reply before the message's end may be that of the first of several recipients, and the
// others' are not known: they come to no harm by it.
void ClientSession::settle_early(const Reply& reply) {
  const bool is_of_all = !lmtp() || open() == 1 || is_of_message(reply);
  if (!is_of_all && is_of_recipient(reply)) settle_next(reply);
  settle_open(is_of_all ? outcome_here(reply) : Outcome::deferred, reply);
}

// It may not have gone out yet, where the reply that asked for it came with that which ends it; and
// a server that gets all of a message may take it.
void ClientSession::take_back_content() {
  if (actions_.empty()) return;
  const bool by_data = std::holds_alternative<SendContent>(actions_.back());
  const bool chunk = std::holds_alternative<SendChunk>(actions_.back());
  if (by_data || chunk) actions_.pop_back();
  if (chunk && !actions_.empty()) actions_.pop_back();  // its BDAT
}

void ClientSession::chunk_answered(const Reply& reply) {
  if (is_bdat_refused(reply)) return end_for_data(reply);
  note_bdat_taken();
  if (outcome_of(reply) == Outcome::delivered) {
    send_chunk();
    return enter(State::content);
  }
  settle_early(reply);
  reset_and_finish();
}

void ClientSession::end_of_data_answered(const Reply& reply) {
  if (is_bdat_refused(reply)) return end_for_data(reply);
  if (by_chunks() && any_open()) note_bdat_taken();
  settle_next(reply);
  if (any_open()) return enter(State::end_of_data);
  // RFC 3030 section 2: what is left of a transaction in which BDAT failed is cleared by RSET.
  const bool failed = outcome_of(reply) != Outcome::delivered;
  if (by_chunks() && failed && !lmtp()) return reset_and_finish();
  finish(State::ready);
}

// RFC 2033 section 4.2: in LMTP the reply to the end of the message is that of one recipient after
// another, in SMTP of all.
void ClientSession::settle_next(const Reply& reply) {
  if (!lmtp()) return settle_open(outcome_here(reply), reply);
  const auto next = std::find_if(outcomes_.begin(), outcomes_.end(), [](const auto& recipient) {
    return recipient.outcome == Outcome::untried;
  });
  const Outcome outcome = outcome_here(reply);
  *next = {outcome, reply, outcome == Outcome::delivered ? "" : refused_command(reply)};
}

// A word of syntax may come after other BDATs were taken: some servers, and firewalls before them,
// know none but the last of a message. What may be of the message is of BDAT only where the server
// has not shown that it knows it; and in LMTP it is of one recipient, the others' are behind it.
bool ClientSession::is_bdat_refused(const Reply& reply) const noexcept {
  if (!by_chunks()) return false;
  // RFC 3030 section 2: without a recipient 503 is right. The others say that the octets of the
  // message are being taken for commands.
  if (!any_open()) return is_of_syntax(reply) && reply.code != 503 && !knows_bdat_;
  return is_of_syntax(reply) || (!knows_bdat_ && !lmtp() && may_be_of_command(reply));
}

void ClientSession::note_bdat_taken() {
  knows_bdat_ = true;
  chunking_.found = Chunking::taken;
}

// The server may take what follows for commands. The message is for DATA, on another connection.
void ClientSession::end_for_data(const Reply& reply) {
  chunking_ = {Chunking::refused,
               {0, "4.5.1", "the server offers CHUNKING and refuses BDAT: " + to_line(reply)}};
  settle_open(Outcome::untried, chunking_.why);
  end_with_connection();
}

// Of this transaction.
bool ClientSession::is_bdat_out() const noexcept {
  return in_one_flight_ ||
         (by_chunks() && state_ >= State::content && state_ <= State::end_of_data);
}

// Whether the server may have all of the message, whatever became of its reply. What goes with the
// envelope it has when it goes silent, but not when it says in place of a reply that it is closing.
bool ClientSession::may_have_taken(const Reply& why) const noexcept {
  return state_ == State::end_of_data || (in_one_flight_ && why.code != 421);
}

}  // namespace postrider::smtp
