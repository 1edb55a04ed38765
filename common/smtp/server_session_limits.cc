// server_session_limits.cc - whether a client gets on with a message, and what it may do without
// one before the conversation is ended.
#include <utility>

#include "common/smtp/server_session.h"

namespace postrider::smtp {

// Whoever comes no farther than before, as by MAIL after RSET, makes no step.
void ServerSession::advance(std::size_t place) {
  if (place <= farthest_) return;
  farthest_ = place;
  ++progress_.steps;
}

// A step, after which those that were made count again.
void ServerSession::begin_anew() {
  farthest_ = 0;
  ++progress_.steps;
}

// Only what goes beyond all transactions since the last message makes idle commands good: otherwise
// MAIL, RCPT and RSET could go on without end.
void ServerSession::add_recipient() {
  transaction_.recipients.push_back(std::move(candidate_));
  const std::size_t recipients = transaction_.recipients.size();
  advance(kPlaceOfMail + recipients);
  if (recipients <= most_recipients_) return;
  most_recipients_ = recipients;
  idle_commands_ = 0;
}

void ServerSession::accepted() {
  ++messages_;
  bad_commands_ = 0;
  bad_recipients_ = 0;
  most_recipients_ = 0;
  idle_commands_ = 0;
}

// A reply to what no client should send; too many of them end the conversation.
void ServerSession::complain(const Reply& reply) {
  ++errors_;
  say(reply);
  if (++bad_commands_ >= settings_.bad_command_limit)
    close({421, "4.7.0", settings_.hostname + " closing: too many bad commands"});
}

// The reply to an address that is refused for good; whoever guesses addresses gets many of them.
void ServerSession::refuse_address(const Reply& reply) {
  ++errors_;
  say(reply);
  if (++bad_recipients_ == settings_.bad_recipient_limit)
    close({421, "4.7.0", settings_.hostname + " closing: too many refused recipients"});
}

// What is refused is taken all the same, so that its end is found: twice as much as a message may
// have. Who goes on hears why the message is refused, as at its end, so that it is not tried again.
void ServerSession::pass_over(std::size_t octets, const Reply& reason) {
  passed_over_ += octets;
  if (passed_over_ <= 2 * settings_.message_size_limit) return;
  say(reason);
  close({421, "4.7.0", settings_.hostname + " closing: too much came of what is refused"});
}

}  // namespace postrider::smtp
