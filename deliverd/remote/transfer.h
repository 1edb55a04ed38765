// transfer.h - a job's message on its way to one server, for some of its recipients.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "common/base/unique_function.h"
#include "common/ipc/messages.pb.h"
#include "common/smtp/client_transaction.h"

namespace postrider::deliverd {

// What a connection had to do with a transfer, where that is kept for the trace.
struct TransferRecord {
  std::string dialogue;                     // smtp::Dialogue::text()
  std::chrono::microseconds connecting{0};  // where it was opened for the transfer
  std::chrono::microseconds handshake{0};
  std::chrono::microseconds took{0};  // the dialogue, and these
};

struct TransferResult {
  std::vector<smtp::RecipientOutcome> outcomes;  // one for each of Transfer::recipients, in order
  bool corrupt = false;                          // the content is damaged: nothing was sent
  bool no_session = false;                       // the server gave none: all are untried
  // Not 0: nothing was tried, for too many wait for the server; when it is to be asked for again.
  std::chrono::microseconds postponed{0};
  bool dsn = false;  // the server reports on what it accepted
  smtp::ChunkingTrial chunking;
  std::string tls;                      // how the session was protected, for the log
  std::vector<TransferRecord> records;  // of each connection that was used
};

// Whether the session was lost for one of the recipients, or for all, before the server had
// decided.
bool any_lost(const TransferResult& result);
bool all_lost(const TransferResult& result);
// The outcome by which the server asks for less; null: it does not.
const smtp::RecipientOutcome* push_back_of(const TransferResult& result);

struct Transfer {
  const ipc::Job& job;  // outlives the Transfer, as does the descriptor
  int source;
  std::vector<int> recipients;  // places in job.recipients()
  UniqueFunction<void(TransferResult)> done;
  bool postponable = false;  // it may be sent back without having been tried
  bool chunking = true;      // the content goes by BDAT where that is offered
  bool repeated = false;     // the server was met a second time for it
};
using TransferPtr = std::unique_ptr<Transfer>;

// Leaves the first `count` recipients to `transfer` and gives the rest one of their own; `done`
// runs when both are over, with the outcomes of all. Precondition: it has more than `count`, above
// 0.
TransferPtr split_off(Transfer& transfer, std::size_t count);

// Leaves to `transfer` the recipients that the session was lost for; `done` runs when it is over,
// with the outcomes of all.
void keep_lost(Transfer& transfer, TransferResult result);

// What the SMTP client is to send for `transfer`.
smtp::ClientTransaction transaction_of(const Transfer& transfer);

}  // namespace postrider::deliverd
