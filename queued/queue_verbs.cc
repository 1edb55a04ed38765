// queue_verbs.cc - the operator's view of the messages in memory, and the verbs that touch them.
#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "common/base/check.h"
#include "common/message/report.h"
#include "queued/description.h"
#include "queued/queue.h"

namespace postrider::queued {

namespace {

// Where an operator sees a message in memory: what he wished is taken as done.
MessageState state_of(const Message& message) {
  switch (message.wish) {
    case Wish::hold: return MessageState::held;
    case Wish::remove: return MessageState::deleted;
    default: return MessageState::active;
  }
}

// The recipients that are meant take another way from now on.
void route_by(const Act& act, Message& message) {
  const MessageView view{.id = message.data.id.view(), .hold_reason = message.wish_reason};
  for (Recipient& recipient : message.data.recipients)
    if (!is_final(recipient.state) && act.selection.meets(view, view_of(recipient)))
      recipient.via = act.via;
}

// What is held stays so when it is given another route, and is held again when its deletion is
// undone.
void put_wish(const Act& act, Message& message) {
  using Request = ipc::AdminRequest;
  const bool was_held = message.wish == Wish::hold;
  if (was_held && act.verb.request == Request::ROUTE) return;
  const bool is_held_again = act.verb.request == Request::UNDELETE && !message.wish_reason.empty();
  const bool keeps_reason = is_held_again || (was_held && act.verb.wish == Wish::remove);
  message.wish = is_held_again ? Wish::hold : act.verb.wish;
  if (!keeps_reason) message.wish_reason = act.verb.wish == Wish::hold ? act.why : "";
}

// What no operator's verb can change any more.
bool is_ending(const Message& message) {
  return message.wish == Wish::erase || is_given_up(message);
}

// A long message is described by its first recipients alone.
void tell_begun(const Work& work, ipc::QueuedMessage& described) {
  for (const std::uint32_t index : work.recipients)
    if (static_cast<int>(index) < described.recipients_size())
      described.mutable_recipients(static_cast<int>(index))
          ->set_begun_us(work.begun.time_since_epoch().count());
}

// The words are ours, and tell what a server said last.
std::string expired_by_operator(const Recipient& recipient) {
  constexpr std::string_view kWords = "expired by the operator";
  if (recipient.reply.empty()) return std::string(kWords);
  if (recipient.remote.empty())
    return fmt::format("{}; the last attempt: {}", kWords, recipient.reply);
  return fmt::format("{}; the last attempt: {} said: {}", kWords,
                     message::name_for_senders(recipient.remote), recipient.reply);
}

}  // namespace

std::int64_t Queue::oldest_us() const {
  std::int64_t oldest = 0;
  for (const auto& [id, message] : active_) {
    const std::int64_t arrival = message->data.arrival.time_since_epoch().count();
    if (oldest == 0 || arrival < oldest) oldest = arrival;
  }
  return oldest;
}

AgeCounts Queue::ages() const {
  const WallTime now = parts_.clock.now();
  AgeCounts counts{};
  for (const auto& [id, message] : active_) ++counts[age_class(message->data.arrival, now)];
  return counts;
}

std::vector<ipc::QueuedMessage> Queue::list(const Selection& selection) const {
  std::vector<ipc::QueuedMessage> messages;
  std::unordered_map<const Message*, std::vector<const Work*>> under_way;
  for (const auto& [ticket, work] : tickets_) under_way[work.message].push_back(&work);
  const auto add_if_meant = [&](const Message& message) {
    const MessageState state = state_of(message);
    if (!selection.means(message.data, state, message.wish_reason)) return;
    if (selection.leaves_out_ending() && is_ending(message)) return;
    messages.push_back(describe(message.data));
    messages.back().set_state(std::string(word_for(state)));
    messages.back().set_hold_reason(message.wish_reason);
    messages.back().set_expires_us(expires(message).time_since_epoch().count());
    if (const auto works = under_way.find(&message); works != under_way.end())
      for (const Work* const work : works->second) tell_begun(*work, messages.back());
  };
  for (const std::string& id : selection.ids())
    if (const auto it = active_.find(id); it != active_.end()) add_if_meant(*it->second);
  if (!selection.ids().empty()) return messages;
  for (const auto& [id, message] : active_) add_if_meant(*message);
  std::sort(messages.begin(), messages.end(),
            [](const auto& a, const auto& b) { return a.id() < b.id(); });
  return messages;
}

std::vector<ipc::SummaryRow> Queue::summarize() const {
  std::map<std::string, ipc::SummaryRow> rows;
  for (const auto& [id, message] : active_) {
    const std::int64_t arrival = message->data.arrival.time_since_epoch().count();
    std::set<std::string> destinations;
    for (const Recipient& recipient : message->data.recipients) {
      if (recipient.state != RecipientState::attempted &&
          recipient.state != RecipientState::waiting)
        continue;
      ipc::SummaryRow& row = rows[recipient.next_hop];
      row.set_recipients(row.recipients() + 1);
      if (!destinations.insert(recipient.next_hop).second) continue;
      row.set_messages(row.messages() + 1);
      if (row.oldest_us() == 0 || arrival < row.oldest_us()) row.set_oldest_us(arrival);
    }
  }
  std::vector<ipc::SummaryRow> all;
  for (auto& [destination, row] : rows) {
    row.set_destination(destination);
    row.set_state(std::string(word_for(MessageState::active)));
    const Destination* const known = scheduler_.find(destination);
    row.set_reason(known != nullptr && !known->may_go()
                       ? "waiting for its turn: its servers are not asked to bear more"
                       : "being attempted, or waiting for its turn");
    all.push_back(std::move(row));
  }
  return all;
}

std::vector<ipc::Outage> Queue::outages() const {
  std::vector<ipc::Outage> all;
  for (const auto& [destination, outage] : scheduler_.outages()) {
    ipc::Outage& one = all.emplace_back();
    one.set_destination(destination);
    one.set_reason(outage->reason().words.substr(0, kDescribedReply));
    one.set_since_us(outage->since().time_since_epoch().count());
    one.set_next_probe_us(outage->next_probe().time_since_epoch().count());
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.since_us() < b.since_us(); });
  return all;
}

Message* Queue::find(const MessageId& id) {
  const auto it = active_.find(id.str());
  return it == active_.end() ? nullptr : it->second.get();
}

// Whether the message is meant, and has the wish now.
bool Queue::wish(const Act& act, Message& message) {
  // One that is leaving is the store's already, and the verb meets it there.
  if (message.leaving || is_ending(message)) return false;
  if (!act.selection.means(message.data, state_of(message), message.wish_reason)) return false;
  if (act.verb.request == ipc::AdminRequest::ROUTE) route_by(act, message);
  put_wish(act, message);
  return true;
}

std::uint64_t Queue::begin_act(const Act& act, std::uint64_t number) {
  acts_.emplace(number, RunningAct{.act = act});
  std::unordered_set<const Message*> meant;
  for (const auto& [id, message] : active_)
    if (wish(act, *message)) meant.insert(message.get());
  // Of the others a job is under way, or a report; the end of it sees the wish.
  if (!meant.empty()) stop(scheduler_.withdraw(meant), RecipientState::deferred);
  return meant.size();
}

std::uint64_t Queue::end_act(std::uint64_t number) {
  const auto it = acts_.find(number);
  POSTRIDER_CHECK(it != acts_.end());
  const std::uint64_t came = it->second.came;
  acts_.erase(it);
  return came;
}

// An operator has given it up: its sender is told so, and what the last attempt has shown.
void Queue::expire(Message& message) {
  auto& recipients = message.data.recipients;
  for (std::uint32_t i = 0; i < recipients.size(); ++i) {
    Recipient& recipient = recipients[i];
    if (is_final(recipient.state)) continue;
    recipient.state = RecipientState::expired;
    recipient.reply = expired_by_operator(recipient);
    recipient.remote.clear();
    message.to_report[ReportKind::failed].push_back(i);
  }
  report(message);
}

void Queue::log_deleted(const MessageData& data) {
  if (data.recipients.empty())
    parts_.log.warning("unreadable_deleted")
        .id(data.id)
        .with("reason", "removed by the operator; nobody knows for whom it was");
  for (const Recipient& recipient : data.recipients) {
    if (is_final(recipient.state)) continue;
    parts_.counters.add(metrics::Counter::queue_recipients_deleted);
    parts_.log.info("deleted")
        .id(data.id)
        .with("from", data.sender())
        .with("to", recipient.address)
        .with("original", recipient.original)
        .with("reason", "removed by the operator");
  }
}

}  // namespace postrider::queued
