// queue_waiting.cc - mail that has to wait for its destination: what is turned away, what goes
// behind it, and what comes when it is called for.
#include <algorithm>
#include <cstdint>
#include <unordered_set>

#include "queued/queue.h"

namespace postrider::queued {

// Into the line of its destination, or turned away.
void Queue::schedule(Work work) {
  Message& message = *work.message;
  const bool called = message.called_by == work.next_hop;
  const std::size_t left = served_ ? room() : SIZE_MAX;
  const auto reason = scheduler_.add(work, left, called, parts_.clock.now());
  if (!reason) {
    ++message.jobs;
    return;
  }
  for (const std::uint32_t index : work.recipients)
    turn_away(message.data.recipients[index], *reason);
}

void Queue::on_recalled(MessageData data, const std::string& called_by) {
  auto message = std::make_unique<Message>();
  message->data = std::move(data);
  message->repeated = true;
  message->called_by = called_by;
  start(std::move(message));
}

// Memory that stays full is relieved of a destination that does not keep up.
void Queue::relieve(WallTime now) {
  if (room() > 0 || !served_) return full_since_.reset();
  if (!full_since_) full_since_ = now;
  if (now - *full_since_ < kReliefInterval) return;
  full_since_ = now;
  stop(scheduler_.relieve(now), RecipientState::turned_away);
}

void Queue::turn_away(Recipient& recipient, const Reason& reason) {
  recipient.state = RecipientState::turned_away;
  recipient.status = reason.status;
  recipient.reply = reason.words;
  recipient.remote.clear();
  recipient.command.clear();
}

void Queue::stop(std::vector<Work> works, RecipientState state) {
  std::unordered_set<Message*> stopped;
  for (const Work& work : works) {
    for (const std::uint32_t index : work.recipients) {
      Recipient& recipient = work.message->data.recipients[index];
      if (state == RecipientState::turned_away) {
        turn_away(recipient, scheduler_.reason_to_wait(work.next_hop));
      } else {
        recipient.state = state;
      }
    }
    --work.message->jobs;
    stopped.insert(work.message);
  }
  for (Message* const message : stopped) attempt_ended_if_so(*message);
}

}  // namespace postrider::queued
