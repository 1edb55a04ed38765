// queue_jobs.cc - handing out jobs, and taking their results.
#include <algorithm>

#include "queued/queue.h"

namespace postrider::queued {

namespace {

// What we are to tell of a success, if the sender wants to know; a server that offers DSN tells
// itself. What a mail store has is delivered (RFC 3464 section 2.3.3).
std::optional<ReportKind> success_of(const std::string& next_hop,
                                     const ipc::RecipientResult& result) {
  if (result.dsn()) return std::nullopt;
  const bool delivered = kind_of(next_hop) == WorkKind::local || result.stored();
  return delivered ? ReportKind::delivered : ReportKind::relayed;
}

}  // namespace

std::optional<Order> Queue::next_order(WorkKind kind) {
  while (auto work = scheduler_.next(kind)) {
    Message& message = *work->message;
    auto source = open_source(message);
    if (source) {
      Order order = order_for(*work, ++last_ticket_);
      work->begun = parts_.clock.now();
      tickets_.emplace(order.ticket, std::move(*work));
      return order;
    }
    fail_work(*work, source.error());
  }
  return std::nullopt;
}

Result<SourcePtr> Queue::open_source(Message& message) {
  if (message.source) return message.source;
  const MessageId& id = message.data.id;
  auto fd = parts_.disk.open(message.young ? parts_.intake.young_path(*message.young, id)
                                           : parts_.intake.deferred_path(id),
                             spool::Disk::Mode::read);
  if (!fd) {
    // One that is gone is accounted for when its sender is told.
    if (fd.error().kind != ErrorKind::not_found) note_failure(content_unreadable_, fd.error().text);
    return pass_on(std::move(fd.error()));
  }
  content_unreadable_.passed();
  message.source = std::make_shared<SourceFile>(SourceFile{std::move(*fd)});
  return message.source;
}

// The content cannot be opened: an attempt that did not come about. If it is gone, it does not come
// back, and the sender must be told.
void Queue::fail_work(const Work& work, const Error& error) {
  const bool gone = error.kind == ErrorKind::not_found;
  take_result(work, Reception::unknown,
              result_for_all(work, gone ? ipc::FAILED : ipc::DEFERRED, gone ? "5.3.0" : "4.3.0",
                             gone ? "the message was lost on the disk of this server"
                                  : "the message cannot be read from the spool"));
}

void Queue::on_result(std::uint64_t ticket, const ipc::JobResult& result) {
  const auto it = tickets_.find(ticket);
  if (it == tickets_.end()) return;  // of a message that is no longer ours
  const Work work = std::move(it->second);
  tickets_.erase(it);
  if (result.postponed_us() > 0)
    return take_up_later(work, std::chrono::microseconds(result.postponed_us()));
  take_result(work, reception_of(result), result);
  recall_.bring_called();
}

// It was not attempted: its destination's servers bear it after so long.
void Queue::take_up_later(const Work& work, std::chrono::microseconds wait) {
  if (work.message->wish != Wish::none) return take_result(work, Reception::unknown, {});
  if (is_for_paused_domain(work)) return put_behind_domain(work);
  stop(scheduler_.give_back(work, wait, parts_.clock.now()), RecipientState::turned_away);
}

void Queue::on_lost(std::uint64_t ticket) {
  const auto it = tickets_.find(ticket);
  if (it == tickets_.end()) return;
  Work work = std::move(it->second);
  tickets_.erase(it);
  Message& message = *work.message;
  message.repeated = true;
  // It is not attempted once more before the operator's wish is met.
  if (message.wish != Wish::none) return take_result(work, Reception::unknown, {});
  if (++message.losses <= kMaxLosses) {
    if (is_for_paused_domain(work)) return put_behind_domain(work);
    stop(scheduler_.give_back(std::move(work)), RecipientState::turned_away);
    return on_work_();
  }
  message.losses = 0;
  take_result(work, Reception::unknown,
              result_for_all(work, ipc::DEFERRED, "4.3.0",
                             "the delivery process ended before it answered"));
}

void Queue::take_result(const Work& work, Reception reception, const ipc::JobResult& result) {
  Message& message = *work.message;
  for (const ipc::RecipientResult& one : result.recipients()) {
    const auto& ours = work.recipients;
    if (std::find(ours.begin(), ours.end(), one.index()) != ours.end())
      apply_result(message, message.data.recipients[one.index()], one);
  }
  // What got no result is as if the connection had been lost: temporary.
  for (const std::uint32_t index : work.recipients) {
    Recipient& recipient = message.data.recipients[index];
    if (recipient.state == RecipientState::attempted) recipient.state = RecipientState::deferred;
  }
  end_job(work, reception, result.unreachable());
  --message.jobs;
  attempt_ended_if_so(message);
}

// What the job told of its destination.
void Queue::end_job(const Work& work, Reception reception, const ipc::Unreachable& unreachable) {
  Scheduler::Change change = scheduler_.finished(
      work, reception, {unreachable.status(), unreachable.reply()}, parts_.clock.now());
  if (change.outage_began) {
    parts_.counters.add(metrics::Counter::queue_outages);
    parts_.log.warning("outage_began")
        .with("destination", work.next_hop)
        .with("reason", unreachable.reply())
        .with("turned_away", change.turned_away.size());
  } else if (change.outage_ended) {
    parts_.log.info("outage_ended").with("destination", work.next_hop);
  }
  stop(std::move(change.turned_away), RecipientState::turned_away);
}

void Queue::apply_result(Message& message, Recipient& recipient,
                         const ipc::RecipientResult& result) {
  if (recipient.state != RecipientState::attempted) return;
  recipient.status = result.status();
  recipient.reply = result.reply();
  recipient.remote = result.remote();
  recipient.command = result.command();
  switch (result.outcome()) {
    case ipc::DELIVERED:
      return note_delivered(message, result.index(), success_of(recipient.next_hop, result));
    case ipc::FAILED:
      recipient.state = RecipientState::failed;
      message.to_report[ReportKind::failed].push_back(result.index());
      return;
    case ipc::CORRUPT:
      message.corrupt = true;
      recipient.state = RecipientState::deferred;
      return;
    default:
      recipient.state = RecipientState::deferred;
      return log_fate(message, recipient, "deferred");
  }
}

void Queue::note_delivered(Message& message, std::uint32_t index,
                           std::optional<ReportKind> success) {
  Recipient& recipient = message.data.recipients[index];
  recipient.state = RecipientState::delivered;
  parts_.counters.add(metrics::Counter::queue_recipients_delivered);
  parts_.counters.observe(metrics::Duration::queue_delivery,
                          parts_.clock.now() - message.data.arrival);
  log_fate(message, recipient, "delivered");
  if (success && notify_of(recipient).success && !message.data.sender().empty()) {
    message.to_report[*success].push_back(index);
  } else {
    keep_delivered(message, recipient);
  }
}

// While others are open, a crash must not deliver this one again.
void Queue::keep_delivered(Message& message, const Recipient& recipient) {
  if (message.data.recipients.size() == 1) return;
  if (message.young) {
    parts_.intake.delivered(*message.young, recipient.address);
  } else {
    parts_.store.submit(MarkDelivered{message.data.id, recipient.address},
                        [](const Result<void>&) {});  // the end of the attempt writes all again
  }
}

}  // namespace postrider::queued
