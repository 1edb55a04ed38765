// queue_attempt.cc - what becomes of a message when its attempt has ended.
#include <algorithm>

#include "common/base/check.h"
#include "common/base/timestamp.h"
#include "common/message/cause.h"
#include "queued/queue.h"
#include "queued/retry.h"

namespace postrider::queued {

namespace {

bool is_turned_away(const Recipient& recipient) {
  return !is_open(recipient) || recipient.state == RecipientState::turned_away;
}

// No destination of those that are open took anything: it was no attempt.
bool all_turned_away(const MessageData& data) {
  return any_open(data) &&
         std::all_of(data.recipients.begin(), data.recipients.end(), is_turned_away);
}

// It was never routed: all that it does is wait for the time that its sender has named.
bool only_awaits_release(const MessageData& data) {
  return data.release() > data.arrival &&
         std::all_of(
             data.recipients.begin(), data.recipients.end(),
             [](const Recipient& recipient) { return recipient.state == RecipientState::waiting; });
}

// The one destination of all that are open; null if there are several.
const std::string* only_destination(const MessageData& data) {
  const std::string* only = nullptr;
  for (const Recipient& recipient : data.recipients) {
    if (!is_open(recipient)) continue;
    if (only != nullptr && *only != recipient.next_hop) return nullptr;
    only = &recipient.next_hop;
  }
  return only;
}

}  // namespace

void Queue::attempt_ended_if_so(Message& message) {
  if (message.jobs == 0 && message.routing == 0) end_attempt(message);
}

// What an operator has held or deleted meanwhile tells nobody of a refusal: should it go on after
// all, it is refused again.
void Queue::take_back_failures(Message& message) {
  const auto failures = message.to_report.find(ReportKind::failed);
  if (!is_stopped(message) || failures == message.to_report.end()) return;
  for (const std::uint32_t index : failures->second)
    message.data.recipients[index].state = RecipientState::deferred;
  message.to_report.erase(failures);
}

void Queue::end_attempt(Message& message) {
  if (message.corrupt && message.wish != Wish::erase) return quarantine(message);
  take_back_failures(message);
  if (!all_turned_away(message.data)) {
    ++message.data.attempts;
    pace_.on_ended(parts_.clock.now());
  }
  const WallTime limit = expires(message);
  const bool given_up = is_last(parts_.clock.now(), limit) && !waits_its_turn(message.data);
  if (goes_on(message) && given_up) {
    auto& recipients = message.data.recipients;
    for (std::uint32_t i = 0; i < recipients.size(); ++i) {
      if (!is_open(recipients[i])) continue;
      recipients[i].state = RecipientState::expired;
      message.to_report[ReportKind::failed].push_back(i);
    }
  }
  report(message);
}

// It was not attempted, and not because its destination is down: that is nothing to give it up for.
bool Queue::waits_its_turn(const MessageData& data) const {
  return all_turned_away(data) &&
         std::any_of(data.recipients.begin(), data.recipients.end(), [this](const Recipient& r) {
           return is_open(r) && !scheduler_.is_down(r.next_hop);
         });
}

void Queue::conclude(Message& message) {
  if (message.wish == Wish::erase || !any_open(message.data)) return finish(message);
  if (is_given_up(message)) return expire(message);
  postpone(message, plan(message));
}

// When, or by whose call, it is attempted again; or that it is held.
Schedule Queue::plan(Message& message) {
  const WallTime now = parts_.clock.now();
  const auto& settings = parts_.settings.queue;
  MessageData& data = message.data;
  Schedule schedule{.expires = expires(message)};
  if (message.wish == Wish::remove) {
    schedule.deleted = now;
    schedule.next_attempt = std::max(now, data.release());
    schedule.hold_reason =
        message.wish_reason.empty() ? message.held_by_route : message.wish_reason;
    return schedule;
  }
  if (is_held(message)) {
    schedule.hold_reason = message.wish == Wish::hold ? message.wish_reason : message.held_by_route;
    data.released = false;
    return schedule;
  }
  // Which may have come since, while the write failed.
  if (only_awaits_release(data)) {
    schedule.next_attempt = data.release();
    return schedule;
  }
  if (message.wish == Wish::attempt) {
    schedule.next_attempt = now;
    return schedule;
  }
  // What is too old, and only waits for its turn, goes on waiting.
  const WallTime end = schedule.expires > now ? schedule.expires : now + settings.retry_interval;
  const std::string* const destination = all_turned_away(data) ? only_destination(data) : nullptr;
  if (destination != nullptr && scheduler_.put_behind(*destination, now)) {
    schedule.behind = *destination;
    schedule.next_attempt =
        next_look(settings, data.born(), !data.warned && !data.sender().empty(), now, end);
  } else {
    schedule.next_attempt = next_attempt(settings, data.attempts, now, end, parts_.random);
  }
  return schedule;
}

void Queue::postpone(Message& message, Schedule schedule) {
  message.leaving = true;
  const auto done = [this, &message, next = schedule.next_attempt, behind = schedule.behind,
                     hold_reason = schedule.hold_reason,
                     deleted = schedule.deleted.has_value()](const Result<void>& written) {
    if (!written && written.error().kind == ErrorKind::corrupt && message.young) {
      message.corrupt = true;
      return quarantine(message);
    }
    if (!written) {
      note_failure(db_failing_, written.error().text);
      return retry_write_later(message);
    }
    db_failing_.passed();
    if (next && !deleted) recall_.on_scheduled(*next);
    if (!next) parts_.log.info("held").id(message.data.id).with("reason", hold_reason);
    if (!behind.empty())
      parts_.log.info("put_behind").id(message.data.id).with("destination", behind);
    if (next) log_wait(message.data, *next);
    if (message.young) {
      parts_.intake.promoted(*message.young, message.data.id);
      parts_.counters.add(metrics::Counter::queue_messages_deferred);
    }
    forget(message);
  };
  if (!message.young) {
    parts_.store.submit(Reschedule{message.data, std::move(schedule)}, done);
    return;
  }
  if (auto source = open_source(message); !source) {
    if (source.error().kind == ErrorKind::not_found)
      return give_up(message, "the message was lost on the disk of this server");
    return retry_write_later(message);
  }
  parts_.store.submit(Promote{.data = message.data,
                              .schedule = std::move(schedule),
                              .source = message.source,
                              .offset = message.content_offset,
                              .large = message.young->large},
                      done);
}

// Until when, and for what: the words that the first of its recipients was told.
void Queue::log_wait(const MessageData& data, WallTime until) {
  const auto told = std::find_if(
      data.recipients.begin(), data.recipients.end(),
      [](const Recipient& recipient) { return is_open(recipient) && !recipient.reply.empty(); });
  auto entry = parts_.log.debug("waits");
  entry.id(data.id).with("until", to_timestamp(until)).with("attempts", data.attempts);
  if (told == data.recipients.end()) return;
  entry.with("to", told->address)
      .with("status", told->status)
      .with("reply", told->reply)
      .with("remote", told->remote)
      .with("next_hop", told->next_hop);
}

// There is nothing left that could be attempted: the sender is told.
void Queue::give_up(Message& message, std::string_view why) {
  message.leaving = false;
  auto& recipients = message.data.recipients;
  for (std::uint32_t i = 0; i < recipients.size(); ++i) {
    if (!is_open(recipients[i])) continue;
    recipients[i].state = RecipientState::failed;
    recipients[i].status = "5.3.0";
    recipients[i].reply = why;
    recipients[i].remote.clear();
    recipients[i].command.clear();
    message.to_report[ReportKind::failed].push_back(i);
  }
  report(message);
}

void Queue::finish(Message& message) {
  message.leaving = true;
  if (message.young) {
    parts_.intake.finished(*message.young, message.data.id);
    if (!message.row_as_well) return end(message);
    message.young.reset();
  }
  parts_.store.submit(Remove{message.data.id}, [this, &message](const Result<void>& removed) {
    if (!removed) {
      note_failure(db_failing_, removed.error().text);
      return retry_write_later(message);
    }
    db_failing_.passed();
    end(message);
  });
}

void Queue::end(Message& message) {
  if (message.wish == Wish::erase) log_deleted(message.data);
  log_end(message.data);
  forget(message);
}

// The bytes on the disk are not what was accepted: they are kept for people and never delivered,
// and the sender can send the message again.
void Queue::quarantine(Message& message) {
  message.source.reset();
  if (!parts_.intake.quarantine(message)) return retry_write_later(message);
  give_up(message, "the message was damaged on the disk of this server");
}

void Queue::note_failure(log::Condition& condition, const std::string& reason) {
  parts_.counters.add(metrics::Counter::queue_storage_failures);
  condition.holds(reason);
}

void Queue::retry_write_later(Message& message) {
  message.leaving = false;
  write_retries_.emplace_back(parts_.clock.now() + kWriteRetry, message.data.id.str());
}

void Queue::retry_write(Message& message) {
  if (message.corrupt && any_open(message.data)) return quarantine(message);
  take_back_failures(message);
  message.to_report.empty() ? conclude(message) : report(message);
}

void Queue::forget(const Message& message) {
  const bool was_full = room() == 0;
  const auto it = active_.find(message.data.id.str());
  POSTRIDER_CHECK(it != active_.end());
  active_.erase(it);
  // There is room again: what waits on disk may come.
  if (was_full) wake_later();
}

WallTime Queue::expires(const Message& message) const {
  return expiry(parts_.settings.queue, message.data.born(), message.data.sender().empty());
}

// All of its recipients have met their fate.
void Queue::log_end(const MessageData& data) {
  const auto age = std::chrono::floor<std::chrono::milliseconds>(parts_.clock.now() - data.arrival);
  parts_.log.debug("ended").id(data.id).with("age_ms", age.count());
}

void Queue::log_fate(const Message& message, const Recipient& recipient, std::string_view event) {
  const auto age =
      std::chrono::floor<std::chrono::milliseconds>(parts_.clock.now() - message.data.arrival);
  auto entry = parts_.log.info(event);
  entry.id(message.data.id)
      .with("from", message.data.sender())
      .with("to", recipient.address)
      .with("original", recipient.original)
      .with("next_hop", recipient.next_hop)
      .with("remote", recipient.remote)
      .with("status", recipient.status)
      .with("reply", recipient.reply)
      .with("attempt", message.data.attempts + 1)
      .with("age_ms", age.count());
  if (recipient.state != RecipientState::delivered)
    entry.with("cause", name_of(message::cause_of(recipient.status, recipient.reply)));
}

}  // namespace postrider::queued
