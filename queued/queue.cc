// queue.cc - taking messages in, routing them, putting them into their destinations' lines.
#include "queued/queue.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/timestamp.h"
#include "queued/retry.h"

namespace postrider::queued {

namespace {

constexpr log::Condition::Words kDbFailing{
    "queue_db_failed", "queue_db_works_again",
    "what is not delivered at once stays in memory and in its segment until a write succeeds"};
constexpr log::Condition::Words kReportsFailing{
    "report_not_written", "reports_written_again",
    "messages that failed stay in the queue until their senders can be told"};
constexpr log::Condition::Words kContentUnreadable{"content_unreadable", "content_readable",
                                                   "messages are tried again as after a 4xx reply"};
constexpr log::Condition::Words kSrsKeyUnreadable{"srs_key_unreadable", "srs_key_readable",
                                                  "what aliases send to other hosts waits"};

bool same_recipient(const Recipient& recipient, const std::string& address) {
  return recipient.state != RecipientState::expanded &&
         equals_ignoring_case(recipient.address, address);
}

}  // namespace

Queue::Queue(const Parts& parts)
    : parts_(parts),
      scheduler_(parts.settings.queue, parts.random),
      recall_(parts.store, scheduler_, parts.clock, *this),
      db_failing_(parts.log, parts.clock, kDbFailing),
      reports_failing_(parts.log, parts.clock, kReportsFailing),
      content_unreadable_(parts.log, parts.clock, kContentUnreadable),
      srs_key_unreadable_(parts.log, parts.clock, kSrsKeyUnreadable) {}

std::size_t Queue::room() const {
  const std::size_t limit = parts_.settings.queue.active_limit;
  const std::size_t taken = active_.size() + recall_.expected();
  return taken < limit ? limit - taken : 0;
}

void Queue::wake() {
  const WallTime now = parts_.clock.now();
  retry_writes(now);
  if (scheduler_.wake(now)) on_work_();
  recall_.wake();
  for (std::size_t taken = 0; room() > 0; ++taken) {
    // Results are heard in between, so that a destination shows its pace.
    if (taken == kYoungPortion) return wake_later();
    auto message = parts_.intake.next();
    if (!message) return full_since_.reset();
    start(std::move(message));
  }
  relieve(now);
}

void Queue::wake_later() {
  if (std::exchange(wake_queued_, true)) return;
  parts_.loop.defer([this] {
    wake_queued_ = false;
    wake();
  });
}

void Queue::look_again() {
  recall_.on_scheduled(parts_.clock.now());
  scheduler_.probe_all(parts_.clock.now());
  wake_later();
}

WallTime Queue::next_wakeup() const {
  const WallTime now = parts_.clock.now();
  WallTime next = now + std::chrono::hours(1);
  // While memory is full, the next message that ends makes room and wakes the queue.
  const bool full = room() == 0;
  if (full) next = now + kReliefInterval;
  if (const auto due = recall_.next_due(); due && !full) next = std::min(next, *due);
  if (const auto probe = scheduler_.next_wakeup()) next = std::min(next, *probe);
  for (const auto& retry : write_retries_) next = std::min(next, retry.first);
  return next;
}

void Queue::retry_writes(WallTime now) {
  for (const auto& [time, id] : std::exchange(write_retries_, {})) {
    const auto it = active_.find(id);
    if (it == active_.end()) continue;
    if (time > now && time - now <= kWriteRetry) {  // else the clock was set back
      write_retries_.emplace_back(time, id);
    } else {
      retry_write(*it->second);
    }
  }
}

void Queue::start(std::unique_ptr<Message> message) {
  const auto [it, fresh] = active_.try_emplace(message->data.id.str());
  if (!fresh) {
    drop_copy(*message);
    if (!message->called_by.empty()) recall_.on_decided();
    return;
  }
  it->second = std::move(message);
  if (active_.size() == 1) pace_ = Pace(parts_.clock.now());
  if (it->second->data.expired) return conclude(*it->second);
  for (auto& [number, running] : acts_)
    if (wish(running.act, *it->second)) ++running.came;
  if (!awaits_release(*it->second)) return route(*it->second);
  parts_.log.info("release_awaited")
      .id(it->second->data.id)
      .with("until", to_timestamp(it->second->data.release()));
  conclude(*it->second);
}

// Once it is in the old generation, its schedule says when it is sent, and an operator may.
bool Queue::awaits_release(const Message& message) const {
  return message.young && message.data.release() > parts_.clock.now();
}

// A person may have put a segment back that was there still, or an older queue.db. Both are one
// message: one is enough.
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
  const config::RoutedMail mail{
      .sender = message.data.sender(),
      .account = message.data.envelope.auth(),
      .holds = message.data.released ? config::Holds::pass : config::Holds::apply};
  for (std::uint32_t i = 0; i < count; ++i) {
    Recipient& recipient = message.data.recipients[i];
    if (recipient.state != RecipientState::waiting) continue;
    ++message.routing;
    auto done = [this, &message, i](routing::RouteAnswer answer) {
      apply_route(message, i, std::move(answer));
      if (--message.routing == 0) dispatch(message);
    };
    message.pending.push_back(
        recipient.via.empty()
            ? parts_.router.route(recipient.address, mail, std::move(done))
            : parts_.router.route_by(recipient.via, recipient.address, std::move(done)));
  }
  if (--message.routing == 0) dispatch(message);
}

void Queue::apply_route(Message& message, std::uint32_t index, routing::RouteAnswer answer) {
  if (answer.targets.size() == 1 && answer.steps.size() == 1)
    return apply_target(message, index, std::move(answer.targets.front()));
  expand(message, index, answer.targets.size() > 1);
  for (routing::Target& target : answer.targets) {
    auto& recipients = message.data.recipients;
    const bool known = std::any_of(recipients.begin(), recipients.end(), [&](const Recipient& r) {
      return same_recipient(r, target.address);
    });
    if (known) continue;  // reached by two ways, delivered once
    const Recipient& alias = recipients[index];
    parts_.log.debug("expanded")
        .id(message.data.id)
        .with("original", alias.original)
        .with("to", target.address);
    recipients.push_back({.address = target.address,
                          .original = alias.original,
                          .notify = alias.notify,
                          .orcpt = alias.orcpt,
                          .via = alias.via});
    apply_target(message, static_cast<std::uint32_t>(recipients.size() - 1), std::move(target));
  }
}

// RFC 3461 section 5.2.7: what the sender wants to be told goes on with an alias of one target. An
// alias of several is reported on as expanded; of their success nobody is told.
void Queue::expand(Message& message, std::uint32_t index, bool several) {
  Recipient& alias = message.data.recipients[index];
  alias.state = RecipientState::expanded;
  smtp::Notify notify = notify_of(alias);
  if (!several || !notify.success) return;
  notify.success = false;
  alias.notify = to_value(notify);
  if (message.data.sender().empty()) return;
  alias.status = "2.0.0";
  message.to_report[ReportKind::expanded].push_back(index);
}

void Queue::apply_target(Message& message, std::uint32_t index, routing::Target target) {
  Recipient& recipient = message.data.recipients[index];
  recipient.address = std::move(target.address);
  recipient.next_hop = std::move(target.next_hop);
  recipient.quota = target.quota;
  recipient.foreign = target.foreign;
  const auto& done = message.delivered;
  const std::uint64_t key = spool::recipient_key(recipient.address);
  if (std::find(done.begin(), done.end(), key) != done.end()) {
    recipient.state = RecipientState::delivered;
    return;
  }
  if (target.fate == routing::Target::Fate::deliver) {
    recipient.state = RecipientState::attempted;
    return;
  }
  recipient.status = std::move(target.status);
  recipient.reply = std::move(target.reason);
  recipient.remote.clear();
  recipient.command.clear();
  switch (target.fate) {
    case routing::Target::Fate::discard:
      recipient.reply = "discarded by a route";
      note_delivered(message, index, ReportKind::delivered);
      break;
    case routing::Target::Fate::hold:
      recipient.state = RecipientState::deferred;
      message.held_by_route = recipient.reply;
      break;
    case routing::Target::Fate::refuse:
      recipient.state = RecipientState::failed;
      message.to_report[ReportKind::failed].push_back(index);
      break;
    default: recipient.state = RecipientState::deferred; log_fate(message, recipient, "deferred");
  }
}

bool Queue::wants_return_path(const Message& message) const {
  const auto& recipients = message.data.recipients;
  return parts_.return_paths != nullptr && message.return_path.empty() &&
         !message.data.sender().empty() &&
         std::any_of(recipients.begin(), recipients.end(), [](const Recipient& recipient) {
           return recipient.state == RecipientState::attempted && is_forwarded(recipient);
         });
}

// And goes on to dispatch().
void Queue::find_return_path(Message& message) {
  message.routing = 1;  // it is not ended meanwhile
  message.pending.push_back(parts_.return_paths->find_return_path(
      message.data.sender(), [this, &message](Result<std::string> found) {
        if (found) {
          srs_key_unreadable_.passed();
          message.return_path = std::move(*found);
        } else {
          srs_key_unreadable_.holds(found.error().text);
          defer_forwarded(message);
        }
        message.routing = 0;
        dispatch(message);
      }));
}

// With the reverse-path that it came with, it would be refused as forged.
void Queue::defer_forwarded(Message& message) {
  for (Recipient& recipient : message.data.recipients) {
    if (recipient.state != RecipientState::attempted || !is_forwarded(recipient)) continue;
    recipient.state = RecipientState::deferred;
    recipient.status = "4.3.0";
    recipient.reply = "the reverse-path for what an alias sends on cannot be made now";
    recipient.remote.clear();
    recipient.command.clear();
    log_fate(message, recipient, "deferred");
  }
}

void Queue::dispatch(Message& message) {
  message.pending.clear();
  if (message.wish != Wish::none || message.corrupt) {
    // Said while the directory was asked, or damaged: it is not attempted at all.
    for (Recipient& recipient : message.data.recipients)
      if (recipient.state == RecipientState::attempted) recipient.state = RecipientState::deferred;
  }
  if (wants_return_path(message)) return find_return_path(message);
  const auto& recipients = message.data.recipients;
  std::vector<std::uint32_t> attempted;
  for (std::uint32_t i = 0; i < recipients.size(); ++i)
    if (recipients[i].state == RecipientState::attempted) attempted.push_back(i);
  schedule_all(message, attempted);
  if (message.jobs > 0) on_work_();
  const bool called = !std::exchange(message.called_by, {}).empty();
  attempt_ended_if_so(message);
  if (called) recall_.on_decided();
}

}  // namespace postrider::queued
