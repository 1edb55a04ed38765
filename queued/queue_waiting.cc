// queue_waiting.cc - mail that has to wait for its destination: what is turned away, what goes
// behind it, and what comes when it is called for.
#include <algorithm>
#include <cstdint>
#include <map>
#include <unordered_set>

#include "queued/queue.h"

namespace postrider::queued {

// A job for each next hop and reverse-path, or several.
void Queue::schedule_all(Message& message, const std::vector<std::uint32_t>& recipients) {
  std::map<std::pair<std::string, bool>, std::vector<std::uint32_t>> groups;
  const bool rewritten =
      !message.return_path.empty() && message.return_path != message.data.sender();
  for (const std::uint32_t index : recipients) {
    Recipient& recipient = message.data.recipients[index];
    if (!scheduler_.pauses().empty()) await_domain(recipient);
    groups[{recipient.next_hop, rewritten && is_forwarded(recipient)}].push_back(index);
  }
  for (const auto& [way, indexes] : groups) {
    for (auto from = indexes.begin(); from != indexes.end();) {
      const auto left = static_cast<std::size_t>(indexes.end() - from);
      const auto to = from + static_cast<std::ptrdiff_t>(std::min(left, kRecipientsPerJob));
      schedule({.message = &message,
                .next_hop = way.first,
                .recipients = {from, to},
                .forwarded = way.second});
      from = to;
    }
  }
}

// Whatever its next hop, what is for a domain that is paused waits behind the domain.
void Queue::await_domain(Recipient& recipient) const {
  std::string domain = destination_of_domain(domain_of(recipient.address));
  if (scheduler_.pauses().contains(domain)) recipient.next_hop = std::move(domain);
}

// It may have been paused since its job began.
bool Queue::is_for_paused_domain(const Work& work) const {
  const auto& pauses = scheduler_.pauses();
  return !pauses.empty() &&
         std::any_of(work.recipients.begin(), work.recipients.end(), [&](std::uint32_t index) {
           const Recipient& recipient = work.message->data.recipients[index];
           return pauses.contains(destination_of_domain(domain_of(recipient.address)));
         });
}

void Queue::put_behind_domain(const Work& work) {
  end_job(work, Reception::unknown, {});
  schedule_again({work});
}

void Queue::pause(const Pause& pause) {
  stop(scheduler_.pause(pause, parts_.clock.now()), RecipientState::turned_away);
  if (!is_of_domain(pause.destination)) return;
  std::unordered_set<const Message*> concerned;
  for (const auto& [id, message] : active_)
    for (const Recipient& recipient : message->data.recipients)
      if (recipient.state == RecipientState::attempted &&
          destination_of_domain(domain_of(recipient.address)) == pause.destination)
        concerned.insert(message.get());
  schedule_again(scheduler_.withdraw(concerned));
}

void Queue::schedule_again(const std::vector<Work>& works) {
  std::unordered_set<Message*> changed;
  for (const Work& work : works) {
    --work.message->jobs;
    schedule_all(*work.message, work.recipients);
    changed.insert(work.message);
  }
  for (Message* const message : changed) attempt_ended_if_so(*message);
  on_work_();
}

bool Queue::resume(const std::string& destination) {
  const bool was_paused = scheduler_.resume(destination, parts_.clock.now());
  wake_later();
  return was_paused;
}

// Into the line of its destination, or turned away.
void Queue::schedule(Work work) {
  Message& message = *work.message;
  const bool called = message.called_by == work.next_hop;
  const WallTime now = parts_.clock.now();
  const auto reason = scheduler_.add(work, memory(now), called, now);
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

void Queue::set_served(WorkKind kind, bool served) {
  bool& known = kind == WorkKind::local ? local_served_ : remote_served_;
  if (std::exchange(known, served) == served) return;
  const WallTime now = parts_.clock.now();
  judge_from_ = now + (served ? kReliefInterval : kAbsence);
  if (!served) return;
  pace_ = Pace(now);
  scheduler_.start_clocks(now);
}

// Whether a destination that does not keep up is to be found slow.
bool Queue::may_judge(WallTime now) const {
  const bool too_early = now < judge_from_ && judge_from_ - now <= kAbsence;  // else set back
  return (local_served_ || remote_served_) && !too_early;
}

// While it is finished soon, the next message is read from its segment soon: that is cheaper than
// the way through the database, which is for what one destination has too much of.
Memory Queue::memory(WallTime now) const {
  if (!may_judge(now)) return {.room = SIZE_MAX};
  const bool in_motion = !pace_.stands_still(kReliefInterval, now) &&
                         pace_.within(Destination::kSoon, now) >= active_.size();
  const std::size_t part = parts_.settings.queue.active_limit / kParts;
  return {.room = room(), .part = in_motion ? part : 0};
}

// Mail waits in its segments, as memory is full, or is as often as something has ended: it is
// relieved of a destination that does not keep up.
void Queue::relieve(WallTime now) {
  if (!may_judge(now)) return full_since_.reset();
  if (!full_since_ || now < *full_since_) full_since_ = now;
  if (now - *full_since_ < kReliefInterval) return;
  full_since_ = now;
  stop(scheduler_.relieve(memory(now), now), RecipientState::turned_away);
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
