// How the content goes to the server, by DATA or BDAT, and what is said of it (RFC 5321 section
// 4.1.1.4, RFC 3030, RFC 2033 sections 4.2 and 4.3).
#include "common/smtp/client_session.h"

#include <algorithm>

#include <fmt/format.h>

namespace postrider::smtp {

// RFC 2033 does not say how many replies BDAT has where no recipient was accepted: in LMTP it waits
// until one is.
bool ClientSession::fits_one_flight() const noexcept {
  return by_chunks() && extensions_.pipelining && !lmtp() && transaction_.size <= kOneFlight;
}

void ClientSession::recipients_answered() {
  if (in_one_flight_) return enter(State::end_of_data);
  if (extensions_.pipelining && !by_chunks()) return enter(State::data);
  if (!any_open()) return reset_and_finish();
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
    // RFC 2033 section 4.2 forbids it, and an end of the message for nobody would have no reply.
    if (lmtp()) return end_with_connection();
    // RFC 2920 section 3.1: DATA went out before all recipients were refused.
    send(".\r\n");
    return finish(State::lone_dot);
  }
  settle_open(reply.permanent() ? outcome_here(reply) : Outcome::deferred, reply);
  reset_and_finish();
}

// A reply before the message's end: the server gave up reading.
void ClientSession::interrupted(const Reply& reply) {
  if (chunking_is_unknown(reply)) return forgo_chunking(reply);
  if (reply.positive())
    return give_up({0, "4.5.0", "the server accepted the message before its end"});
  settle_next(reply);
  settle_open(Outcome::untried, {0, "4.5.0", "the server broke off in the middle of the message"});
  end_with_connection();
}

void ClientSession::chunk_answered(const Reply& reply) {
  if (chunking_is_unknown(reply)) return forgo_chunking(reply);
  if (outcome_of(reply) == Outcome::delivered) {
    chunk_taken_ = true;
    send_chunk();
    return enter(State::content);
  }
  settle_open(outcome_here(reply), reply);
  reset_and_finish();
}

void ClientSession::end_of_data_answered(const Reply& reply) {
  if (chunking_is_unknown(reply)) return forgo_chunking(reply);
  const bool taken = outcome_of(reply) == Outcome::delivered;
  chunk_taken_ = chunk_taken_ || (taken && by_chunks());
  settle_next(reply);
  if (any_open()) return enter(State::end_of_data);
  // RFC 3030 section 2: what is left of a transaction in which BDAT failed is cleared by RSET.
  if (by_chunks() && !taken && !lmtp()) return reset_and_finish();
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

// RFC 5321 section 4.2.1: 50z finds fault with the command, not with the message; but where no
// recipient is open it is the right answer.
bool ClientSession::chunking_is_unknown(const Reply& reply) const noexcept {
  return by_chunks() && !chunk_taken_ && any_open() && reply.code / 10 == 50;
}

// The server offers BDAT and does not know it: it may take what follows for commands. The message
// is for DATA, on another connection.
void ClientSession::forgo_chunking(const Reply& reply) {
  chunking_failed_ = true;
  settle_open(Outcome::untried,
              {0, "4.5.1", "the server offers CHUNKING and refuses BDAT: " + to_line(reply)});
  end_with_connection();
}

// Whether the server may have all of the message, whatever became of its reply. What goes with the
// envelope it has when it goes silent, but not when it says in place of a reply that it is closing.
bool ClientSession::may_have_taken(const Reply& why) const noexcept {
  return state_ == State::end_of_data || (in_one_flight_ && why.code != 421);
}

}  // namespace postrider::smtp
