#include "deliverd/remote/transfer.h"

#include <iterator>
#include <memory>
#include <optional>
#include <utility>

namespace postrider::deliverd {

namespace {

// Two transfers that were one.
struct Halves {
  UniqueFunction<void(TransferResult)> done;
  std::size_t recipients;  // of the first
  std::optional<TransferResult> first;
  std::optional<TransferResult> second;

  void end_if_both() {
    if (!first || !second) return;
    if (first->corrupt) first->outcomes.resize(recipients);
    TransferResult whole = std::move(*first);
    whole.outcomes.insert(whole.outcomes.end(), std::move_iterator(second->outcomes.begin()),
                          std::move_iterator(second->outcomes.end()));
    whole.corrupt = whole.corrupt || second->corrupt;
    whole.no_session = whole.no_session && second->no_session;
    whole.dsn = whole.dsn || second->dsn;
    if (whole.tls.empty()) whole.tls = std::move(second->tls);
    done(std::move(whole));
  }
};

}  // namespace

TransferPtr split_off(Transfer& transfer, std::size_t count) {
  const auto middle = transfer.recipients.begin() + static_cast<std::ptrdiff_t>(count);
  auto halves = std::make_shared<Halves>(Halves{std::move(transfer.done), count, {}, {}});
  transfer.done = [halves](TransferResult result) {
    halves->first = std::move(result);
    halves->end_if_both();
  };
  auto rest = std::make_unique<Transfer>(Transfer{.job = transfer.job,
                                                  .source = transfer.source,
                                                  .recipients = {middle, transfer.recipients.end()},
                                                  .done = [halves](TransferResult result) {
                                                    halves->second = std::move(result);
                                                    halves->end_if_both();
                                                  }});
  transfer.recipients.erase(middle, transfer.recipients.end());
  return rest;
}

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
