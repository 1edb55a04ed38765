// explanation.h - what would happen to a message: the checks that smtpd runs and the routing that
// queued does, by the same code, without effects.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/checks/client.h"
#include "common/config/settings.h"
#include "common/directory/account.h"
#include "common/routing/router.h"
#include "common/smtp/address.h"
#include "common/smtp/reply.h"

namespace postrider::ctl {

// Who wants to log in.
struct Login {
  directory::User user;
  std::vector<directory::AppPassword> app_passwords;
};

// Who would send to whom.
struct Envelope {
  smtp::Mailbox sender;
  smtp::Mailbox recipient;
  net::IpAddress address;  // of the client
  std::string helo;
  std::optional<Login> login;  // empty: nobody

  // The user's mailbox.
  std::string account() const { return login ? login->user.address : ""; }
};

struct CheckStep {
  std::string_view stage;
  std::string_view check;
  std::string_view action;   // as configured: "tag"
  std::string_view verdict;  // "pass", "tag", "defer", "refuse", "off"; "-": not to be known
  std::string reason;
};

struct Explanation {
  checks::Client client;
  std::vector<CheckStep> checks;
  smtp::Reply reply;                      // to RCPT, or to who is banned
  std::vector<routing::RouteStep> route;  // of an accepted recipient
};

// Asks DNS, and the directory and the bans of the configuration, and waits for their answers.
Explanation explain(const config::Settings& settings, const Envelope& envelope);

// The user of that name for logins, which is no alias and has no tag. not_found, or invalid where
// nobody could have that name; else as the directory cannot be read.
Result<Login> find_login(const config::Settings& settings, const std::string& name);

// The mailbox of ours that has that address.
std::optional<std::string> find_mailbox(const config::Settings& settings,
                                        const smtp::Mailbox& address);

// The routing alone.
std::vector<routing::RouteStep> explain_route(const config::Settings& settings,
                                              const smtp::Mailbox& address);

}  // namespace postrider::ctl
