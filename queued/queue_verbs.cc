// queue_verbs.cc - the operator's view of the messages in memory, and the verbs that touch them.
#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>

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
    row.set_state(std::string(kActive));
    row.set_reason("being attempted, or waiting for its turn");
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

std::uint64_t Queue::wish(const ipc::Filter& filter, Wish wish, const std::string& reason) {
  std::unordered_set<const Message*> meant;
  for (const auto& [id, message] : active_) {
    // One that is leaving is the store's already, and the verb meets it there.
    if (message->leaving || message->wish == wish || !matches(filter, message->data, kActive))
      continue;
    message->wish = wish;
    message->wish_reason = reason;
    meant.insert(message.get());
  }
  // Of the others a job is under way, or a report; the end of it sees the wish.
  stop(scheduler_.withdraw(meant), RecipientState::deferred);
  return meant.size();
}

void Queue::log_deleted(const MessageData& data) {
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
