// queue.cc - taking messages in, routing them, handing out jobs and taking results back.
#include "queued/queue.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "queued/retry.h"

namespace postrider::queued {

namespace {

constexpr log::Condition::Words kDbFailing{
    "queue_db_failed", "queue_db_works_again",
    "what is not delivered at once stays in memory and in its segment until a write succeeds"};
constexpr log::Condition::Words kReportsFailing{
    "report_not_written", "reports_written_again",
    "messages that failed stay in the queue until their senders can be told"};
constexpr log::Condition::Words kContentUnreadable{
    "content_unreadable", "content_readable", "messages are tried again as after a 4xx reply"};

// The same result for each recipient of a job.
ipc::JobResult result_for_all(const Work& work, ipc::Outcome outcome, const std::string& status,
                              const std::string& reply) {
  ipc::JobResult result;
  for (const std::uint32_t index : work.recipients) {
    ipc::RecipientResult& one = *result.add_recipients();
    one.set_index(index);
    one.set_outcome(outcome);
    one.set_status(status);
    one.set_reply(reply);
  }
  return result;
}

bool same_recipient(const Recipient& recipient, const std::string& address) {
  return recipient.state != RecipientState::expanded &&
         equals_ignoring_case(recipient.address, address);
}

}  // namespace

Queue::Queue(const Parts& parts)
    : parts_(parts),
      scheduler_(parts.settings.queue.destination_concurrency),
      db_failing_(parts.log, parts.clock, kDbFailing),
      reports_failing_(parts.log, parts.clock, kReportsFailing),
      content_unreadable_(parts.log, parts.clock, kContentUnreadable) {
  next_due_ = parts_.clock.now();  // not known before the store was asked
}

void Queue::wake() {
  const WallTime now = parts_.clock.now();
  const auto retries = std::exchange(write_retries_, {});
  for (const auto& [time, id] : retries) {
    const auto it = active_.find(id);
    if (it == active_.end()) continue;
    if (time > now) {
      write_retries_.emplace_back(time, id);
    } else {
      retry_write(*it->second);
    }
  }
  take_due();
  while (active_.size() < parts_.settings.queue.active_limit) {
    auto message = parts_.intake.next();
    if (!message) break;
    start(std::move(message));
  }
}

void Queue::wake_later() {
  if (std::exchange(wake_queued_, true)) return;
  parts_.loop.defer([this] {
    wake_queued_ = false;
    wake();
  });
}

void Queue::look_again() {
  next_due_ = parts_.clock.now();
  wake_later();
}

WallTime Queue::next_wakeup() const {
  WallTime next = parts_.clock.now() + std::chrono::hours(1);
  // While memory is full, the next message that ends makes room and wakes the queue.
  const bool full = active_.size() >= parts_.settings.queue.active_limit;
  if (next_due_ && !taking_due_ && !full) next = std::min(next, *next_due_);
  for (const auto& retry : write_retries_) next = std::min(next, retry.first);
  return next;
}

void Queue::take_due() {
  const WallTime now = parts_.clock.now();
  const std::size_t limit = parts_.settings.queue.active_limit;
  if (taking_due_ || !next_due_ || *next_due_ > now || active_.size() >= limit) return;
  const std::size_t portion = std::min(kDuePortion, limit - active_.size());
  using Taken = std::pair<Result<std::vector<MessageData>>, Result<std::optional<WallTime>>>;
  taking_due_ = parts_.store.ask(
      [now, portion](Store& store) {
        auto due = store.take_due(now, portion);
        return Taken(std::move(due), store.next_due());
      },
      [this](Taken taken) {
        taking_due_.reset();
        if (!taken.first || !taken.second) {
          const Error& error = taken.first ? taken.second.error() : taken.first.error();
          note_failure(db_failing_, error.text);
          next_due_ = parts_.clock.now() + kWriteRetry;
          return;
        }
        db_failing_.passed();
        next_due_ = *taken.second;
        for (MessageData& data : *taken.first) {
          auto message = std::make_unique<Message>();
          message->data = std::move(data);
          message->repeated = true;
          start(std::move(message));
        }
        take_due();
      });
}

void Queue::start(std::unique_ptr<Message> message) {
  const auto [it, fresh] = active_.try_emplace(message->data.id.str());
  if (!fresh) return drop_copy(*message);
  it->second = std::move(message);
  route(*it->second);
}

// A person may have put a segment back that was there still, or an older queue.db. Both are one message:
// one is enough.
void Queue::drop_copy(const Message& message) {
  auto entry = parts_.log.warning("copy_dropped");
  entry.id(message.data.id).with("reason", "this message is being delivered already");
  if (!message.young) {
    active_.at(message.data.id.str())->row_as_well = true;
    return;
  }
  entry.with("segment", message.young->segment).with("offset", message.young->record);
  parts_.intake.dropped_copy(*message.young);
}

void Queue::route(Message& message) {
  const auto count = static_cast<std::uint32_t>(message.data.recipients.size());
  message.routing = 1;  // until all are asked
  using config::Holds;
  const Holds holds = message.data.released ? Holds::pass : Holds::apply;
  for (std::uint32_t i = 0; i < count; ++i) {
    Recipient& recipient = message.data.recipients[i];
    if (recipient.state != RecipientState::waiting) continue;
    ++message.routing;
    message.pending.push_back(
        parts_.router.route(recipient.address, holds, [this, &message, i](RouteAnswer answer) {
          apply_route(message, i, std::move(answer));
          if (--message.routing == 0) dispatch(message);
        }));
  }
  if (--message.routing == 0) dispatch(message);
}

void Queue::apply_route(Message& message, std::uint32_t index, RouteAnswer answer) {
  if (answer.targets.size() == 1 && answer.steps.size() == 1)
    return apply_target(message, index, std::move(answer.targets.front()));
  message.data.recipients[index].state = RecipientState::expanded;
  for (Target& target : answer.targets) {
    auto& recipients = message.data.recipients;
    const bool known = std::any_of(recipients.begin(), recipients.end(), [&](const Recipient& r) {
      return same_recipient(r, target.address);
    });
    if (known) continue;  // reached by two ways, delivered once
    const Recipient& alias = recipients[index];
    recipients.push_back({.address = target.address,
                          .original = alias.original,
                          .notify = alias.notify,
                          .orcpt = alias.orcpt});
    apply_target(message, static_cast<std::uint32_t>(recipients.size() - 1), std::move(target));
  }
}

void Queue::apply_target(Message& message, std::uint32_t index, Target target) {
  Recipient& recipient = message.data.recipients[index];
  recipient.address = std::move(target.address);
  recipient.next_hop = std::move(target.next_hop);
  const auto& done = message.delivered;
  const std::uint64_t key = spool::recipient_key(recipient.address);
  if (std::find(done.begin(), done.end(), key) != done.end()) {
    recipient.state = RecipientState::delivered;
    return;
  }
  if (target.fate == Target::Fate::deliver) {
    recipient.state = RecipientState::attempted;
    return;
  }
  recipient.status = std::move(target.status);
  recipient.reply = std::move(target.reason);
  recipient.remote.clear();
  switch (target.fate) {
    case Target::Fate::discard:
      recipient.reply = "discarded by a route";
      note_delivered(message, recipient);
      break;
    case Target::Fate::hold:
      recipient.state = RecipientState::deferred;
      message.held_by_route = recipient.reply;
      break;
    case Target::Fate::refuse:
      recipient.state = RecipientState::failed;
      message.to_report.push_back(index);
      break;
    default:
      recipient.state = RecipientState::deferred;
      log_fate(message, recipient, "deferred");
  }
}

void Queue::dispatch(Message& message) {
  message.pending.clear();
  if (message.wish != Wish::none) {
    // Said while the directory was asked: it is not attempted at all.
    for (Recipient& recipient : message.data.recipients)
      if (recipient.state == RecipientState::attempted) recipient.state = RecipientState::deferred;
  }
  std::unordered_map<std::string, std::vector<std::uint32_t>> groups;
  const auto& recipients = message.data.recipients;
  for (std::uint32_t i = 0; i < recipients.size(); ++i)
    if (recipients[i].state == RecipientState::attempted) groups[recipients[i].next_hop].push_back(i);
  for (auto& [next_hop, indexes] : groups) {
    for (std::size_t from = 0; from < indexes.size(); from += kRecipientsPerJob) {
      const std::size_t to = std::min(from + kRecipientsPerJob, indexes.size());
      const auto at = [&](std::size_t n) { return indexes.begin() + static_cast<std::ptrdiff_t>(n); };
      scheduler_.add({.message = &message, .next_hop = next_hop, .recipients = {at(from), at(to)}});
      ++message.jobs;
    }
  }
  if (message.jobs > 0) on_work_();
  attempt_ended_if_so(message);
}

std::optional<Order> Queue::next_order(WorkKind kind) {
  while (auto work = scheduler_.next(kind)) {
    Message& message = *work->message;
    auto source = open_source(message);
    if (source) return make_order(std::move(*work));
    fail_work(*work, source.error());
  }
  return std::nullopt;
}

Order Queue::make_order(Work work) {
  const Message& message = *work.message;
  const MessageData& data = message.data;
  Order order{.ticket = ++last_ticket_, .source = message.source};
  order.job.set_message_id(data.id.str());
  order.job.set_offset(message.content_offset);
  order.job.set_length(data.content_length);
  order.job.set_checksum(data.content_checksum);
  order.job.set_trace(data.envelope.trace());
  order.job.set_sender(data.sender());
  order.job.set_next_hop(work.next_hop);
  order.job.set_eight_bit(data.envelope.body() != spool::Envelope::SEVEN_BIT);
  order.job.set_smtputf8(data.envelope.smtputf8());
  order.job.set_arrival_us(data.arrival.time_since_epoch().count());
  order.job.set_repeated(message.repeated);
  order.job.set_envid(data.envelope.envid());
  order.job.set_ret(data.envelope.ret());
  for (const std::uint32_t index : work.recipients) {
    const Recipient& recipient = data.recipients[index];
    ipc::JobRecipient& to = *order.job.add_recipients();
    to.set_index(index);
    to.set_address(recipient.address);
    to.set_original(recipient.original);
    to.set_notify(recipient.notify);
    to.set_orcpt(recipient.orcpt);
  }
  tickets_.emplace(order.ticket, std::move(work));
  return order;
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
    return tl::unexpected<Error>(std::move(fd.error()));
  }
  content_unreadable_.passed();
  message.source = std::make_shared<SourceFile>(SourceFile{std::move(*fd)});
  return message.source;
}

// The content cannot be opened: an attempt that did not come about. If it is gone, it does not come
// back, and the sender must be told.
void Queue::fail_work(const Work& work, const Error& error) {
  const bool gone = error.kind == ErrorKind::not_found;
  take_result(*work.message, work,
              result_for_all(work, gone ? ipc::FAILED : ipc::DEFERRED, gone ? "5.3.0" : "4.3.0",
                             gone ? "the message was lost on the disk of this server"
                                  : "the message cannot be read from the spool"));
}

void Queue::on_result(std::uint64_t ticket, const ipc::JobResult& result) {
  const auto it = tickets_.find(ticket);
  if (it == tickets_.end()) return;  // of a message that is no longer ours
  const Work work = std::move(it->second);
  tickets_.erase(it);
  take_result(*work.message, work, result);
}

void Queue::on_lost(std::uint64_t ticket) {
  const auto it = tickets_.find(ticket);
  if (it == tickets_.end()) return;
  Work work = std::move(it->second);
  tickets_.erase(it);
  Message& message = *work.message;
  message.repeated = true;
  if (++message.losses <= kMaxLosses) {
    scheduler_.finished(work.next_hop);
    scheduler_.add(std::move(work));
    return on_work_();
  }
  message.losses = 0;
  take_result(message, work,
              result_for_all(work, ipc::DEFERRED, "4.3.0",
                             "the delivery process ended before it answered"));
}

void Queue::take_result(Message& message, const Work& work, const ipc::JobResult& result) {
  scheduler_.finished(work.next_hop);
  --message.jobs;
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
  attempt_ended_if_so(message);
}

void Queue::apply_result(Message& message, Recipient& recipient,
                         const ipc::RecipientResult& result) {
  if (recipient.state != RecipientState::attempted) return;
  recipient.status = result.status();
  recipient.reply = result.reply();
  recipient.remote = result.remote();
  switch (result.outcome()) {
    case ipc::DELIVERED: return note_delivered(message, recipient);
    case ipc::FAILED:
      recipient.state = RecipientState::failed;
      message.to_report.push_back(result.index());
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

void Queue::note_delivered(Message& message, Recipient& recipient) {
  recipient.state = RecipientState::delivered;
  parts_.counters.add(metrics::Counter::queue_recipients_delivered);
  log_fate(message, recipient, "delivered");
  // While others are open, a crash must not deliver this one again.
  if (message.data.recipients.size() > 1) keep_delivered(message, recipient);
}

void Queue::keep_delivered(Message& message, const Recipient& recipient) {
  if (message.young) {
    parts_.intake.delivered(*message.young, recipient.address);
  } else {
    parts_.store.submit(MarkDelivered{message.data.id, recipient.address},
                        [](const Result<void>&) {});  // the end of the attempt writes all again
  }
}

}  // namespace postrider::queued
