#include "smtpd/policy.h"

#include <utility>

#include "common/config/routes.h"
#include "smtpd/checks/priority.h"
#include "smtpd/checks/recipient.h"
#include "smtpd/checks/verify.h"

namespace postrider::smtpd {

using Answer = Result<directory::RecipientAnswer>;

namespace {

constexpr log::Condition::Words kDirectoryAway{
    "directory_away", "directory_answers",
    "recipients are refused with a temporary reply until it answers"};

}  // namespace

Policy::Policy(directory::Directory& directory, log::Logger& log, const Clock& clock,
               net::Networks relay_networks, std::vector<config::Route> routes)
    : directory_(directory),
      directory_away_(log, clock, kDirectoryAway),
      relay_networks_(std::move(relay_networks)),
      routes_(std::move(routes)) {}

Client Policy::meet(const net::IpAddress& address) const {
  // Who is unknown is in no network, not even in that of all addresses.
  const bool may_relay = !address.is_unspecified() && net::contains(relay_networks_, address);
  return {address, may_relay};
}

smtp::Reply Policy::check_sender(const Client& client, const smtp::AskSender& asked) const {
  return checks::answer_sender(client, asked.priority);
}

PendingPtr Policy::check_recipient(const Client& client, const smtp::Mailbox& recipient,
                                   Done done) {
  return directory_.find_recipient(
      recipient.unquoted(),
      [this, client, route = route_of(recipient),
       done = std::move(done)](const Answer& answer) mutable {
        done(checks::judge_recipient(client, noted(answer), route));
      });
}

PendingPtr Policy::verify(const smtp::Mailbox& mailbox, Done done) {
  return directory_.find_recipient(
      mailbox.unquoted(),
      [this, mailbox, route = route_of(mailbox),
       done = std::move(done)](const Answer& answer) mutable {
        done(checks::answer_vrfy(mailbox, noted(answer), route));
      });
}

PendingPtr Policy::expand(const smtp::Mailbox& list, Done done) {
  return directory_.find_recipient(list.unquoted(),
                                   [this, done = std::move(done)](const Answer& answer) mutable {
                                     done(checks::answer_expn(noted(answer)));
                                   });
}

const Answer& Policy::noted(const Answer& answer) {
  if (answer) {
    directory_away_.passed();
  } else {
    directory_away_.holds(answer.error().text);
  }
  return answer;
}

const config::Route* Policy::route_of(const smtp::Mailbox& mailbox) const {
  return config::find_route(routes_, mailbox.domain, config::Whose::ours, config::Holds::pass);
}

}  // namespace postrider::smtpd
