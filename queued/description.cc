#include "queued/description.h"

#include <algorithm>

#include "common/base/ascii.h"

namespace postrider::queued {

namespace {

const char* word_for(RecipientState state) {
  switch (state) {
    case RecipientState::delivered: return "delivered";
    case RecipientState::failed: return "failed";
    case RecipientState::expired: return "expired";
    case RecipientState::expanded: return "expanded";
    default: return "pending";
  }
}

const char* word_for(spool::Envelope::Tls tls) {
  switch (tls) {
    case spool::Envelope::TLS_REQUIRED: return "required";
    case spool::Envelope::TLS_NOT_REQUIRED: return "not required";
    default: return "";
  }
}

bool is_in(const Recipient& recipient, std::string_view domain) {
  const std::size_t at = recipient.address.rfind('@');
  return at != std::string::npos &&
         equals_ignoring_case(std::string_view(recipient.address).substr(at + 1), domain);
}

}  // namespace

ipc::QueuedMessage describe(const MessageData& data) {
  ipc::QueuedMessage message;
  message.set_id(data.id.str());
  message.set_arrival_us(data.arrival.time_since_epoch().count());
  message.set_sender(data.sender());
  message.set_size(data.content_length);
  message.set_client_address(data.envelope.client_address());
  message.set_auth(data.envelope.auth());
  message.set_tls(word_for(data.envelope.tls()));
  message.set_release_us(data.envelope.release_us());
  message.set_recipient_count(data.recipients.size());
  for (const spool::Verdict& verdict : data.envelope.verdicts()) {
    ipc::MessageVerdict& described = *message.add_verdicts();
    described.set_check(verdict.check());
    described.set_action(verdict.action());
    described.set_reason(verdict.reason());
  }
  for (const Recipient& recipient : data.recipients) {
    if (message.recipients_size() == static_cast<int>(kDescribedRecipients)) break;
    ipc::QueuedRecipient& described = *message.add_recipients();
    described.set_address(recipient.address);
    described.set_state(word_for(recipient.state));
    described.set_attempts(data.attempts);
    described.set_reply(recipient.reply.substr(0, kDescribedReply));
    described.set_remote(recipient.remote);
    described.set_next_hop(recipient.next_hop);
  }
  return message;
}

bool matches(const ipc::Filter& filter, const MessageData& data, std::string_view state) {
  const bool given = !filter.ids().empty() || !filter.domain().empty() ||
                     !filter.sender().empty() || !filter.state().empty();
  if (!given) return filter.all();
  const auto& ids = filter.ids();
  if (!ids.empty() && std::find(ids.begin(), ids.end(), data.id.view()) == ids.end()) return false;
  if (!filter.sender().empty() && filter.sender() != data.sender()) return false;
  if (!filter.state().empty() && filter.state() != state) return false;
  return filter.domain().empty() ||
         std::any_of(data.recipients.begin(), data.recipients.end(), [&](const Recipient& r) {
           return !is_final(r.state) && is_in(r, filter.domain());
         });
}

}  // namespace postrider::queued
