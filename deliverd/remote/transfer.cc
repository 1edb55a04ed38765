#include "deliverd/remote/transfer.h"

namespace postrider::deliverd {

smtp::ClientTransaction transaction_of(const Transfer& transfer) {
  const ipc::Job& job = transfer.job;
  smtp::ClientTransaction transaction;
  transaction.sender = job.sender();
  for (const int i : transfer.recipients) {
    const ipc::JobRecipient& recipient = job.recipients(i);
    transaction.recipients.push_back({recipient.address(), recipient.notify(), recipient.orcpt()});
  }
  transaction.size = job.trace().size() + job.length();
  transaction.eight_bit = job.eight_bit();
  transaction.smtputf8 = job.smtputf8();
  transaction.priority = job.priority();
  transaction.tls_required = job.tls_required();
  transaction.envid = job.envid();
  transaction.ret = job.ret();
  return transaction;
}

}  // namespace postrider::deliverd
