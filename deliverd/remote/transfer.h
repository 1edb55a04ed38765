// transfer.h - a job's message on its way to one server, for some of its recipients.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/unique_function.h"
#include "common/ipc/messages.pb.h"
#include "common/smtp/client_transaction.h"

namespace postrider::deliverd {

struct TransferResult {
  std::vector<smtp::RecipientOutcome> outcomes;  // one for each of Transfer::recipients, in order
  bool corrupt = false;                          // the content is damaged: nothing was sent
  bool no_session = false;                       // the server gave none: all are untried
  bool dsn = false;                              // the server reports on what it accepted
  std::string tls;                               // how the session was protected, for the log
};

struct Transfer {
  const ipc::Job& job;  // outlives the Transfer, as does the descriptor
  int source;
  std::vector<int> recipients;  // places in job.recipients()
  UniqueFunction<void(TransferResult)> done;
  bool repeated = false;  // a connection that had been used before was lost at its start
};
using TransferPtr = std::unique_ptr<Transfer>;

// What the SMTP client is to send for `transfer`.
smtp::ClientTransaction transaction_of(const Transfer& transfer);

}  // namespace postrider::deliverd
