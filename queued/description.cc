#include "queued/description.h"

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
    described.set_status(recipient.status);
    described.set_remote(recipient.remote);
    described.set_next_hop(recipient.next_hop);
    described.set_via(recipient.via);
  }
  return message;
}

}  // namespace postrider::queued
