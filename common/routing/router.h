// router.h - where an address goes: aliases, local mailboxes, routes, relaying.
//
// queued decides anew at each attempt, so that a changed configuration reaches mail that waits; the
// same code answers `postrider explain`. choose_next_hop() is pure; Router adds the directory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/pending.h"
#include "common/base/unique_function.h"
#include "common/config/routes.h"
#include "common/config/settings.h"
#include "common/directory/directory.h"

namespace postrider::routing {

// What is to be done for one address that an original address leads to.
struct Target {
  enum class Fate {
    deliver,  // by `next_hop`: "local", "mx:example.org", "smtp:HOST:PORT", "smtps:HOST:PORT",
              // "lmtp:HOST:PORT", "lmtp:unix:/path"; several with commas
    discard,  // a route says so: it counts as delivered
    hold,     // a route says so
    refuse,   // never: `status` and `reason`
    defer,    // not now: `status` and `reason`
  };
  std::string address;
  Fate fate = Fate::defer;
  std::string next_hop;
  std::string status;
  std::string reason;
  directory::Quota quota = {};  // of the mailbox
  bool foreign = false;         // the domain is not ours
  bool store = false;           // `next_hop` is a mail store: config::leads_to_store()
};

// One rule that was asked, for people: `postrider explain`.
struct RouteStep {
  std::string rule;
  std::string input;
  std::string output;
};

// The rule of an alias's target that stands in its way already: a loop ends there.
inline constexpr std::string_view kRepeated = "repeated";

struct RouteAnswer {
  std::vector<Target> targets;  // at least one
  std::vector<RouteStep> steps;
};

// Where mail for an address that is not an alias goes: by [[route]], else into the local mailbox of
// a domain of ours, else to the smart host, else by MX.
Target choose_next_hop(const config::Settings& settings, const std::string& address,
                       config::Whose whose, const config::RoutedMail& mail);

class Router {
 public:
  // An alias that leads to an alias, at most this deep (RFC 5321 has no number; peers use 10 to
  // 50).
  static constexpr unsigned kMaxDepth = 20;
  // Addresses that one alias may lead to in all.
  static constexpr std::size_t kMaxTargets = 10'000;

  // Both outlive the Router.
  Router(const config::Settings& settings, directory::Directory& directory)
      : settings_(settings), directory_(directory) {}

  // `done` runs on the loop, never inside the call. What `mail` refers to outlives the question.
  [[nodiscard]] PendingPtr route(const std::string& address, const config::RoutedMail& mail,
                                 UniqueFunction<void(RouteAnswer)> done);

  // Where an operator takes it by `via`, as in a [[route]]: nothing but whose its domain is is
  // asked. `done` as above.
  [[nodiscard]] PendingPtr route_by(const std::string& via, const std::string& address,
                                    UniqueFunction<void(RouteAnswer)> done);

 private:
  class Expansion;

  const config::Settings& settings_;
  directory::Directory& directory_;
};

}  // namespace postrider::routing
