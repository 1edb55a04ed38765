// queue_attempt.cc - what becomes of a message when its attempt has ended.
#include <algorithm>

#include <fmt/format.h>

#include "common/base/check.h"
#include "queued/queue.h"
#include "queued/retry.h"

namespace postrider::queued {

namespace {

bool is_open(const Recipient& recipient) {
  return recipient.state == RecipientState::waiting || recipient.state == RecipientState::deferred;
}

bool any_open(const MessageData& data) {
  return std::any_of(data.recipients.begin(), data.recipients.end(), is_open);
}

}  // namespace

void Queue::attempt_ended_if_so(Message& message) {
  if (message.jobs == 0 && message.routing == 0) end_attempt(message);
}

void Queue::end_attempt(Message& message) {
  if (message.corrupt) return quarantine(message);
  if (message.wish == Wish::remove) {
    log_deleted(message.data);
    return finish(message);
  }
  ++message.data.attempts;
  const WallTime limit = expires(message);
  if (message.wish == Wish::none && is_last(parts_.clock.now(), limit)) {
    auto& recipients = message.data.recipients;
    for (std::uint32_t i = 0; i < recipients.size(); ++i) {
      if (!is_open(recipients[i])) continue;
      recipients[i].state = RecipientState::expired;
      message.to_report.push_back(i);
      parts_.counters.add(metrics::Counter::queue_recipients_expired);
      log_fate(message, recipients[i], "expired");
    }
  }
  report_failures(message);
}

void Queue::report_failures(Message& message) {
  if (message.to_report.empty()) return warn_of_delay(message);
  const auto failed = std::exchange(message.to_report, {});
  if (message.data.sender().empty()) {
    parts_.log.warning("report_not_sent")
        .id(message.data.id)
        .with("reason", "the message is a report itself: its sender is <>");
    return warn_of_delay(message);
  }
  // Refused by the router alone, it was never opened; the report returns what can be read.
  static_cast<void>(open_source(message));
  message.pending.push_back(parts_.reports.send(
      message, ReportKind::failed, failed, expires(message),
      [this, &message, failed](const Result<void>& sent) {
        message.pending.clear();
        if (sent) {
          parts_.counters.add(metrics::Counter::queue_reports_sent);
        } else {
          // Nobody was told, so nothing is final: they are attempted once more.
          parts_.log.error("report_not_written").id(message.data.id).with("reason",
                                                                          sent.error().text);
          for (const std::uint32_t index : failed)
            message.data.recipients[index].state = RecipientState::deferred;
        }
        warn_of_delay(message);
      }));
}

void Queue::warn_of_delay(Message& message) {
  const bool due = !message.data.warned && !message.data.sender().empty() &&
                   message.wish == Wish::none && any_open(message.data) &&
                   warning_is_due(parts_.settings.queue, message.data.arrival, parts_.clock.now());
  if (!due) return conclude(message);
  std::vector<std::uint32_t> late;
  for (std::uint32_t i = 0; i < message.data.recipients.size(); ++i)
    if (is_open(message.data.recipients[i])) late.push_back(i);
  message.pending.push_back(parts_.reports.send(message, ReportKind::delayed, late,
                                                expires(message),
                                                [this, &message](const Result<void>& sent) {
                                                  message.pending.clear();
                                                  // Else it is due again after the next attempt.
                                                  message.data.warned = sent.has_value();
                                                  conclude(message);
                                                }));
}

void Queue::conclude(Message& message) {
  if (!any_open(message.data)) return finish(message);
  for (Recipient& recipient : message.data.recipients)
    if (recipient.state == RecipientState::deferred) recipient.state = RecipientState::waiting;
  Schedule schedule{.expires = expires(message), .hold_reason = message.wish_reason};
  if (message.wish == Wish::none) {
    schedule.next_attempt =
        next_attempt(parts_.settings.queue, message.data.attempts, parts_.clock.now(),
                     schedule.expires, parts_.random);
  } else {
    parts_.log.info("held").id(message.data.id).with("reason", message.wish_reason);
  }
  postpone(message, std::move(schedule));
}

void Queue::postpone(Message& message, Schedule schedule) {
  const auto next = schedule.next_attempt;
  const auto done = [this, &message, next](const Result<void>& written) {
    if (!written) {
      parts_.log.error("queue_db_failed").id(message.data.id).with("reason", written.error().text);
      return retry_write_later(message);
    }
    if (next && (!next_due_ || *next < *next_due_)) next_due_ = next;
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
    parts_.log.error("content_unreadable").id(message.data.id).with("reason", source.error().text);
    return retry_write_later(message);
  }
  parts_.store.submit(Promote{.data = message.data,
                              .schedule = std::move(schedule),
                              .source = message.source,
                              .offset = message.content_offset,
                              .large = message.young->large},
                      done);
}

void Queue::finish(Message& message) {
  if (message.young) {
    parts_.intake.finished(*message.young, message.data.id);
    return forget(message);
  }
  parts_.store.submit(Remove{message.data.id}, [this, &message](const Result<void>& removed) {
    if (removed) return forget(message);
    parts_.log.error("queue_db_failed").id(message.data.id).with("reason", removed.error().text);
    retry_write_later(message);
  });
}

// The bytes on the disk are not what was accepted: nothing is delivered, a person decides.
void Queue::quarantine(Message& message) {
  if (message.young) {
    parts_.intake.corrupt(*message.young, message.data.id);
    return forget(message);
  }
  parts_.counters.add(metrics::Counter::queue_messages_corrupt);
  parts_.log.error("message_corrupt")
      .id(message.data.id)
      .with("meaning", "the content does not match its checksum: damaged on the disk")
      .with("kept", parts_.intake.deferred_path(message.data.id));
  for (Recipient& recipient : message.data.recipients)
    if (recipient.state == RecipientState::deferred) recipient.state = RecipientState::waiting;
  postpone(message, {.expires = expires(message),
                     .hold_reason = "the content does not match its checksum"});
}

void Queue::retry_write_later(Message& message) {
  write_retries_.emplace_back(parts_.clock.now() + kWriteRetry, message.data.id.str());
}

void Queue::forget(const Message& message) {
  const bool was_full = active_.size() >= parts_.settings.queue.active_limit;
  const auto it = active_.find(message.data.id.str());
  POSTRIDER_CHECK(it != active_.end());
  active_.erase(it);
  // There is room again: what waits on disk may come.
  if (was_full) wake_later();
}

}  // namespace postrider::queued
