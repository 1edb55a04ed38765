// policy.h - what the checks of all sessions share: whom they ask, and what the configuration says
// of clients and domains.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "common/base/pending.h"
#include "common/base/unique_function.h"
#include "common/checks/check.h"
#include "common/config/settings.h"
#include "common/directory/directory.h"
#include "common/directory/send_rights.h"
#include "common/event/event_loop.h"
#include "common/log/condition.h"
#include "common/net/resolver.h"
#include "common/quota/rooms.h"
#include "common/smtp/address.h"

namespace postrider::checks {

class Policy {
 public:
  using Answer = Result<directory::RecipientAnswer>;

  // All outlive the Policy.
  struct Parts {
    event::EventLoop& loop;
    directory::Directory& directory;
    directory::SendRights& send_rights;
    net::Resolver& resolver;
    const config::Settings& settings;
    log::Logger& log;
    const Clock& clock;
    quota::Rooms* rooms = nullptr;  // null: how full mailboxes are is not known
  };
  explicit Policy(const Parts& parts);

  Client meet(const net::IpAddress& address, Service service) const;
  // A program of this host, run by that user. Who is unknown, or cannot be told from a denied user,
  // may not relay.
  Client meet_local(unsigned uid) const;

  // What the directory says of an address. The log is told when it is away, once; whoever asked
  // gets the Error.
  [[nodiscard]] PendingPtr find(const smtp::Mailbox& mailbox, UniqueFunction<void(Answer)> done);
  // Whether the user may send as that address. A directory that is away is told of in the same way.
  [[nodiscard]] PendingPtr find_send_right(std::string_view user, const smtp::Mailbox& address,
                                           UniqueFunction<void(SendRight)> done);
  // The route that takes the domain elsewhere if it is ours, or null. One that holds its mail does
  // not: it comes back to us with its release. `sender`, `user`: whose mail it is; both may be
  // empty.
  const config::Route* route_of(const smtp::Mailbox& mailbox, std::string_view sender,
                                std::string_view user) const;

  quota::Rooms* rooms() const noexcept { return parts_.rooms; }
  // For promises of room: no living session has it.
  std::string new_token();

  const Order& order() const noexcept { return order_; }
  event::EventLoop& loop() const noexcept { return parts_.loop; }
  net::Resolver& resolver() const noexcept { return parts_.resolver; }
  const Clock& clock() const noexcept { return parts_.clock; }
  const config::Settings& settings() const noexcept { return parts_.settings; }

 private:
  template <typename T>
  void note(const Result<T>& answer);

  const Parts parts_;
  log::Condition directory_away_;
  const net::Networks relay_networks_;
  const std::optional<std::set<unsigned>> denied_uids_;  // none: not known
  const Order order_;
  std::uint64_t tokens_ = 0;
};

}  // namespace postrider::checks
