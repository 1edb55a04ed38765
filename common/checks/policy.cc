#include "common/checks/policy.h"

#include <pwd.h>

#include <utility>

#include "common/config/routes.h"

namespace postrider::checks {

namespace {

constexpr log::Condition::Words kDirectoryAway{
    "directory_away", "directory_answers",
    "recipients are refused with a temporary reply until it answers"};

// Of the users that there are: the configuration was checked for others.
std::set<unsigned> uids_of(const std::vector<std::string>& names) {
  std::set<unsigned> uids;
  for (const std::string& name : names)
    if (const passwd* user = ::getpwnam(name.c_str()); user != nullptr) uids.insert(user->pw_uid);
  return uids;
}

}  // namespace

Policy::Policy(const Parts& parts)
    : parts_(parts),
      directory_away_(parts.log, parts.clock, kDirectoryAway),
      relay_networks_(net::parse_networks(parts.settings.relay.networks)),
      denied_uids_(uids_of(parts.settings.smtpd.denied_local_users)),
      order_(ordered(parts.settings)),
      full_marks_(parts.settings.paths.run) {}

Client Policy::meet(const net::IpAddress& address, Service service) const {
  // Who is unknown is in no network, not even in that of all addresses.
  const bool may_relay = !address.is_unspecified() && net::contains(relay_networks_, address);
  return {.address = address, .may_relay = may_relay, .service = service};
}

Client Policy::meet_local(unsigned uid) const {
  return {.may_relay = denied_uids_.count(uid) == 0, .service = Service::own, .uid = uid};
}

PendingPtr Policy::find(const smtp::Mailbox& mailbox, UniqueFunction<void(Answer)> done) {
  return parts_.directory.find_recipient(mailbox.unquoted(),
                                         [this, done = std::move(done)](Answer answer) mutable {
                                           note(answer);
                                           done(std::move(answer));
                                         });
}

PendingPtr Policy::find_send_right(std::string_view user, const smtp::Mailbox& address,
                                   UniqueFunction<void(SendRight)> done) {
  return parts_.send_rights.find_send_right(
      user, address.unquoted(), [this, done = std::move(done)](const Result<bool>& may) mutable {
        note(may);
        done(!may ? SendRight::unknown : *may ? SendRight::granted : SendRight::denied);
      });
}

template <typename T>
void Policy::note(const Result<T>& answer) {
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
