#include "common/checks/policy.h"

#include <utility>

#include "common/config/routes.h"

namespace postrider::checks {

namespace {

constexpr log::Condition::Words kDirectoryAway{
    "directory_away", "directory_answers",
    "recipients are refused with a temporary reply until it answers"};

}  // namespace

Policy::Policy(const Parts& parts)
    : parts_(parts),
      directory_away_(parts.log, parts.clock, kDirectoryAway),
      relay_networks_(net::parse_networks(parts.settings.relay.networks)),
      full_marks_(parts.settings.paths.run) {}

Client Policy::meet(const net::IpAddress& address, Service service) const {
  // Who is unknown is in no network, not even in that of all addresses.
  const bool may_relay = !address.is_unspecified() && net::contains(relay_networks_, address);
  return {.address = address, .may_relay = may_relay, .service = service};
}

PendingPtr Policy::find(const smtp::Mailbox& mailbox, UniqueFunction<void(Answer)> done) {
  return parts_.directory.find_recipient(mailbox.unquoted(),
                                         [this, done = std::move(done)](Answer answer) mutable {
                                           note(answer);
                                           done(std::move(answer));
                                         });
}

void Policy::note(const Answer& answer) {
  if (answer) {
    directory_away_.passed();
  } else {
    directory_away_.holds(answer.error().text);
  }
}

const config::Route* Policy::route_of(const smtp::Mailbox& mailbox) const {
  return config::find_route(parts_.settings.routes, mailbox.domain, config::Whose::ours,
                            config::Holds::pass);
}

}  // namespace postrider::checks
