#include "common/checks/policy.h"

#include <pwd.h>
#include <unistd.h>

#include <utility>

#include <fmt/format.h>

#include "common/config/routes.h"
#include "common/net/peer_credentials.h"

namespace postrider::checks {

namespace {

constexpr log::Condition::Words kDirectoryAway{
    "directory_away", "directory_answers",
    "recipients are refused with a temporary reply until it answers"};

// Nothing if one is not known, as when the host's directory of users is away: the configuration was
// checked for those that are none.
std::optional<std::set<unsigned>> uids_of(const std::vector<std::string>& names, log::Logger& log) {
  std::set<unsigned> uids;
  for (const std::string& name : names) {
    const passwd* const user = ::getpwnam(name.c_str());
    if (user == nullptr) {
      log.error("denied_user_unknown")
          .with("user", name)
          .with("effect", "no program of this host may submit mail to this worker");
      return std::nullopt;
    }
    uids.insert(user->pw_uid);
  }
  return uids;
}

}  // namespace

Policy::Policy(const Parts& parts)
    : parts_(parts),
      directory_away_(parts.log, parts.clock, kDirectoryAway),
      relay_networks_(net::parse_networks(parts.settings.relay.networks)),
      denied_uids_(uids_of(parts.settings.smtpd.denied_local_users, parts.log)),
      order_(ordered(parts.settings)) {}

std::string Policy::new_token() { return fmt::format("{}.{}", ::getpid(), ++tokens_); }

Client Policy::meet(const net::IpAddress& address, Service service) const {
  // Who is unknown is in no network, not even in that of all addresses.
  const bool may_relay = !address.is_unspecified() && net::contains(relay_networks_, address);
  return {.address = address, .may_relay = may_relay, .service = service};
}

Client Policy::meet_local(unsigned uid) const {
  const bool may_relay =
      uid != net::PeerCredentials::kNoUser && denied_uids_ && denied_uids_->count(uid) == 0;
  return {.may_relay = may_relay, .service = Service::own, .uid = uid};
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

const config::Route* Policy::route_of(const smtp::Mailbox& mailbox, std::string_view sender,
                                      std::string_view user) const {
  return config::find_route(parts_.settings.routes, mailbox.domain, config::Whose::ours,
                            {sender, user, config::Holds::pass});
}

}  // namespace postrider::checks
