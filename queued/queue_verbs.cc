// queue_verbs.cc - the operator's view of the messages in memory, and the verbs that touch them.
#include <algorithm>

#include "queued/description.h"
#include "queued/queue.h"

namespace postrider::queued {

namespace {

constexpr std::string_view kActive = "active";

}  // namespace

std::int64_t Queue::oldest_us() const {
  std::int64_t oldest = 0;
  for (const auto& [id, message] : active_) {
    const std::int64_t arrival = message->data.arrival.time_since_epoch().count();
    if (oldest == 0 || arrival < oldest) oldest = arrival;
  }
  return oldest;
}

std::vector<ipc::QueuedMessage> Queue::list(const ipc::Filter& filter) const {
  std::vector<ipc::QueuedMessage> messages;
  for (const auto& [id, message] : active_) {
    if (!matches(filter, message->data, kActive)) continue;
    messages.push_back(describe(message->data));
    messages.back().set_state(std::string(kActive));
    messages.back().set_expires_us(expires(*message).time_since_epoch().count());
  }
  std::sort(messages.begin(), messages.end(),
            [](const auto& a, const auto& b) { return a.id() < b.id(); });
  return messages;
}

const Message* Queue::find(const MessageId& id) const {
  const auto it = active_.find(id.str());
  return it == active_.end() ? nullptr : it->second.get();
}

std::uint64_t Queue::wish(const ipc::Filter& filter, Wish wish, const std::string& reason) {
  std::vector<Message*> meant;
  for (const auto& [id, message] : active_)
    if (matches(filter, message->data, kActive)) meant.push_back(message.get());
  for (Message* message : meant) {
    message->wish = wish;
    message->wish_reason = reason;
    const auto withdrawn = scheduler_.withdraw(message);
    for (const Work& work : withdrawn)
      for (const std::uint32_t index : work.recipients)
        message->data.recipients[index].state = RecipientState::deferred;
    message->jobs -= static_cast<unsigned>(withdrawn.size());
    // Nothing withdrawn: a job is under way, and its end sees the wish.
    if (!withdrawn.empty()) attempt_ended_if_so(*message);
  }
  return meant.size();
}

void Queue::log_deleted(const MessageData& data) {
  for (const Recipient& recipient : data.recipients) {
    if (recipient.state != RecipientState::waiting && recipient.state != RecipientState::deferred)
      continue;
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
