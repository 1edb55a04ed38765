#include "queued/order.h"

namespace postrider::queued {

Order order_for(const Work& work, std::uint64_t ticket) {
  const Message& message = *work.message;
  const MessageData& data = message.data;
  Order order{.ticket = ticket, .source = message.source};
  order.job.set_message_id(data.id.str());
  order.job.set_offset(message.content_offset);
  order.job.set_length(data.content_length);
  order.job.set_checksum(data.content_checksum);
  order.job.set_trace(data.envelope.trace());
  order.job.set_sender(work.forwarded ? message.return_path : data.sender());
  order.job.set_next_hop(work.next_hop);
  order.job.set_eight_bit(data.envelope.body() != spool::Envelope::SEVEN_BIT);
  order.job.set_smtputf8(data.envelope.smtputf8());
  order.job.set_arrival_us(data.arrival.time_since_epoch().count());
  order.job.set_repeated(message.repeated);
  order.job.set_priority(data.envelope.priority());
  order.job.set_tls_required(data.envelope.tls() == spool::Envelope::TLS_REQUIRED);
  order.job.set_tls_not_required(data.envelope.tls() == spool::Envelope::TLS_NOT_REQUIRED);
  order.job.set_envid(data.envelope.envid());
  order.job.set_ret(data.envelope.ret());
  order.job.set_probe(work.probe);
  order.job.set_at_its_turn(work.at_its_turn);
  for (const std::uint32_t index : work.recipients) {
    const Recipient& recipient = data.recipients[index];
    ipc::JobRecipient& to = *order.job.add_recipients();
    to.set_index(index);
    to.set_address(recipient.address);
    to.set_original(recipient.original);
    to.set_notify(recipient.notify);
    to.set_orcpt(recipient.orcpt);
    to.set_quota(recipient.quota.octets);
    to.set_quota_messages(recipient.quota.messages);
  }
  return order;
}

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

}  // namespace postrider::queued
