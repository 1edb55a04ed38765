// queue_reports.cc - who is told what of an attempt that has ended (RFC 3461 section 5.2).
#include <algorithm>

#include "queued/description.h"
#include "queued/queue.h"
#include "queued/retry.h"

namespace postrider::queued {

namespace {

// Those of whom the sender wants to be told this; nobody where there is no sender to be told.
std::vector<std::uint32_t> wanting(const MessageData& data, ReportKind kind,
                                   const std::vector<std::uint32_t>& concerned) {
  std::vector<std::uint32_t> wanted;
  if (data.sender().empty()) return wanted;
  for (const std::uint32_t index : concerned) {
    const smtp::Notify notify = notify_of(data.recipients[index]);
    const bool wants = kind == ReportKind::failed    ? notify.failure
                       : kind == ReportKind::delayed ? notify.delay
                                                     : true;  // asked for before it was noted
    if (wants) wanted.push_back(index);
  }
  return wanted;
}

}  // namespace

// One kind after another; then what is late.
void Queue::report(Message& message) {
  if (message.to_report.empty()) return warn_of_delay(message);
  const auto& [kind, concerned] = *message.to_report.begin();
  const std::vector<std::uint32_t> wanted =
      is_double_bounce(message.data, kind) ? concerned : wanting(message.data, kind, concerned);
  if (wanted.empty()) {
    log_not_sent(message.data);
    note_reported(message);
    return report(message);
  }
  // Refused by the router alone, it was never opened; the report returns what can be read, and
  // nothing of what is damaged.
  if (!message.corrupt) static_cast<void>(open_source(message));
  message.pending.push_back(parts_.reports.send(
      message, kind, wanted, expires(message), [this, &message](const Result<void>& sent) {
        message.pending.clear();
        if (!sent) {
          // Nobody was told, so nothing is final: the message stays until the report is written.
          // The disk may have it all the same.
          message.repeated = true;
          reports_failing_.holds(sent.error().text);
          return retry_write_later(message);
        }
        reports_failing_.passed();
        parts_.counters.add(message.data.sender().empty() ? metrics::Counter::queue_double_bounces
                                                          : metrics::Counter::queue_reports_sent);
        note_reported(message);
        report(message);
      }));
}

// A report of ours that fails: its sender is <>, so the postmaster is told, and nobody of what
// fails on the way there. Who sent us a report of theirs is not told either: it has nobody to be
// sent to.
bool Queue::is_double_bounce(const MessageData& data, ReportKind kind) const {
  return kind == ReportKind::failed && data.envelope.report() == spool::Envelope::TO_SENDER &&
         parts_.settings.queue.double_bounces == "postmaster";
}

void Queue::log_not_sent(const MessageData& data) {
  constexpr std::string_view kEvent = "report_not_sent";
  if (!data.sender().empty()) {
    parts_.log.info(kEvent).id(data.id).with("reason", "the sender does not want to be told");
    return;
  }
  const auto report = data.envelope.report();
  if (report != spool::Envelope::NO_REPORT)
    parts_.counters.add(metrics::Counter::queue_reports_dropped);
  parts_.log.warning(kEvent).id(data.id).with(
      "reason", report == spool::Envelope::TO_POSTMASTER
                    ? "the postmaster was told of a failed report, and that failed as well"
                    : "the message is a report itself: its sender is <>");
}

// What the first of the reports tells of is final now that the sender was told, or is not to be.
void Queue::note_reported(Message& message) {
  const auto told = message.to_report.extract(message.to_report.begin());
  for (const std::uint32_t index : told.mapped()) {
    const Recipient& recipient = message.data.recipients[index];
    if (told.key() == ReportKind::failed) note_failed(message, recipient);
    if (recipient.state == RecipientState::delivered) keep_delivered(message, recipient);
  }
}

void Queue::note_failed(const Message& message, const Recipient& recipient) {
  const bool expired = recipient.state == RecipientState::expired;
  parts_.counters.add(expired ? metrics::Counter::queue_recipients_expired
                              : metrics::Counter::queue_recipients_bounced);
  log_fate(message, recipient, expired ? "expired" : "bounced");
  remember_failed(message, recipient);
}

void Queue::remember_failed(const Message& message, const Recipient& recipient) {
  ipc::Failure& failure = failures_.emplace_back();
  failure.set_time_us(parts_.clock.now().time_since_epoch().count());
  failure.set_message(message.data.id.str());
  failure.set_sender(message.data.sender());
  failure.set_recipient(recipient.address);
  failure.set_status(recipient.status);
  failure.set_reply(recipient.reply.substr(0, kDescribedReply));
  failure.set_remote(recipient.remote);
  failure.set_next_hop(recipient.next_hop);
  failure.set_expired(recipient.state == RecipientState::expired);
  if (failures_.size() > kFailures) failures_.pop_front();
}

void Queue::warn_of_delay(Message& message) {
  MessageData& data = message.data;
  const bool due = !data.warned && !data.sender().empty() && goes_on(message) && any_open(data) &&
                   warning_is_due(parts_.settings.queue, data.born(), parts_.clock.now());
  if (!due) return conclude(message);
  std::vector<std::uint32_t> late;
  for (std::uint32_t i = 0; i < data.recipients.size(); ++i)
    if (is_open(data.recipients[i])) late.push_back(i);
  late = wanting(data, ReportKind::delayed, late);
  data.warned = late.empty();
  if (late.empty()) return conclude(message);
  message.pending.push_back(parts_.reports.send(message, ReportKind::delayed, late,
                                                expires(message),
                                                [this, &message](const Result<void>& sent) {
                                                  message.pending.clear();
                                                  // Else it is due again after the next attempt.
                                                  message.data.warned = sent.has_value();
                                                  conclude(message);
                                                }));
}

}  // namespace postrider::queued
