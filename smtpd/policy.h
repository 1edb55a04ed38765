// policy.h - the questions of a session, put to the checks with what the checks need to know.
//
// The checks decide and ask nobody; this class asks the directory for them. A check that comes
// later (SPF, block lists, greylisting) is a file in checks/ and a line here.
#pragma once

#include <vector>

#include "common/base/pending.h"
#include "common/base/unique_function.h"
#include "common/config/settings.h"
#include "common/directory/directory.h"
#include "common/log/condition.h"
#include "common/net/address.h"
#include "common/smtp/address.h"
#include "common/smtp/reply.h"
#include "common/smtp/server_actions.h"
#include "smtpd/client.h"

namespace postrider::smtpd {

class Policy {
 public:
  // Called once, from the loop.
  using Done = UniqueFunction<void(smtp::Reply)>;

  // `directory`, `log` and `clock` outlive the Policy.
  Policy(directory::Directory& directory, log::Logger& log, const Clock& clock,
         net::Networks relay_networks, std::vector<config::Route> routes);

  Client meet(const net::IpAddress& address) const;

  // Any sender may send: what speaks against one is not known before its recipient is.
  smtp::Reply check_sender(const Client& client, const smtp::AskSender& asked) const;
  [[nodiscard]] PendingPtr check_recipient(const Client& client, const smtp::Mailbox& recipient,
                                           Done done);
  [[nodiscard]] PendingPtr verify(const smtp::Mailbox& mailbox, Done done);
  [[nodiscard]] PendingPtr expand(const smtp::Mailbox& list, Done done);

 private:
  // The reply tells the client that the directory is away; the log is told why.
  const Result<directory::RecipientAnswer>& noted(const Result<directory::RecipientAnswer>& answer);
  // The route that takes the domain elsewhere if it is ours, or null. One that holds its mail does not:
  // it comes back to us with its release.
  const config::Route* route_of(const smtp::Mailbox& mailbox) const;

  directory::Directory& directory_;
  log::Condition directory_away_;
  const net::Networks relay_networks_;
  const std::vector<config::Route> routes_;
};

}  // namespace postrider::smtpd
