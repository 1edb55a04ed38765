#include "deliverd/remote/transfer.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "common/message/push_back.h"

namespace postrider::deliverd {

namespace {

void append(std::vector<TransferRecord>& records, std::vector<TransferRecord> more) {
  records.insert(records.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
}

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
    append(whole.records, std::move(second->records));
    done(std::move(whole));
  }
};

bool is_lost(const smtp::RecipientOutcome& outcome) {
  return outcome.outcome == smtp::Outcome::untried && !smtp::is_final(outcome.reply);
}

// A word of the server's on one recipient.
bool asks_us_for_less(const smtp::RecipientOutcome& outcome) {
  const bool temporary = outcome.outcome == smtp::Outcome::deferred ||
                         outcome.outcome == smtp::Outcome::untried;  // and the session lost
  return temporary && outcome.reply.code != 0 &&
         message::asks_for_less(smtp::status_of(outcome), smtp::to_line(outcome.reply));
}

}  // namespace

bool any_lost(const TransferResult& result) {
  return std::any_of(result.outcomes.begin(), result.outcomes.end(), &is_lost);
}

bool all_lost(const TransferResult& result) {
  return !result.corrupt && std::all_of(result.outcomes.begin(), result.outcomes.end(), &is_lost);
}

const smtp::RecipientOutcome* push_back_of(const TransferResult& result) {
  const auto found =
      std::find_if(result.outcomes.begin(), result.outcomes.end(), &asks_us_for_less);
  return found == result.outcomes.end() ? nullptr : &*found;
}

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

void keep_lost(Transfer& transfer, TransferResult result) {
  std::vector<int> recipients;
  std::vector<std::size_t> places;  // of these, in `result`
  for (std::size_t i = 0; i < result.outcomes.size(); ++i) {
    if (!is_lost(result.outcomes[i])) continue;
    recipients.push_back(transfer.recipients[i]);
    places.push_back(i);
  }
  transfer.recipients = std::move(recipients);
  transfer.done = [done = std::move(transfer.done), whole = std::move(result),
                   places = std::move(places)](TransferResult rest) mutable {
    for (std::size_t i = 0; i < rest.outcomes.size(); ++i)
      whole.outcomes[places[i]] = std::move(rest.outcomes[i]);
    whole.corrupt = rest.corrupt;
    whole.dsn = rest.dsn;
    if (!rest.tls.empty()) whole.tls = std::move(rest.tls);
    append(whole.records, std::move(rest.records));
    done(std::move(whole));
  };
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
  transaction.chunking = transfer.chunking;
  return transaction;
}

}  // namespace postrider::deliverd
