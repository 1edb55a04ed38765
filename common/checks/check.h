// check.h - a check, the table of all of them, and what follows from what they find.
//
// A check is a pure function of the facts at its stage. To add one: the function in a file of its
// own, its line in rows.h, its row in check.cc, its parameter in [checks]; and where it needs a
// fact that is not there, a member of Facts, and for one that has to be asked for a bit of Needs
// and the question in inquiry.cc.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/checks/facts.h"
#include "common/checks/verdict.h"
#include "common/smtp/reply.h"

namespace postrider::checks {

// The reply that would refuse, whose text is the reason; nothing: all is well. Its code begins with
// 4 where what the check asks is not known.
using Finding = std::optional<smtp::Reply>;

struct Check {
  // Users are those who have logged in.
  enum class Whom : std::uint8_t { everyone, strangers, users };

  std::string_view name;
  Stage stage;
  Whom whom;
  Needs needs;
  config::CheckAction config::Settings::Checks::*action;  // null: it always refuses
  Finding (*run)(const Facts& facts);
};

// Those of one stage stand together, the stages in their order.
std::span<const Check> all_checks() noexcept;

// All of them as the configuration orders them: within its stage each check that checks.order
// names stands before those that it does not name. The first that refuses gives the reply.
using Order = std::vector<const Check*>;
Order ordered(const config::Settings& settings);

// What follows when `check` finds something, and when it does so in this client's mail; off: it is
// not asked.
config::CheckAction configured_action(const Check& check,
                                      const config::Settings& settings) noexcept;
config::CheckAction action_for(const Check& check, const Client& client,
                               const config::Settings& settings) noexcept;

// What `action` against a client or a sender comes to in mail for this recipient: postmaster is the
// one address that also those strangers reach who are refused elsewhere, to ask why (RFC 5321
// section 4.5.1).
config::CheckAction action_for(const Facts& facts, config::CheckAction action) noexcept;

// What the checks that are asked about this client need to know.
Needs needs_of(const Client& client, const config::Settings& settings) noexcept;

// Runs one check; nothing where it is not asked or finds nothing. A refusal is temporary where the
// finding is.
std::optional<Verdict> judge(const Check& check, const Facts& facts);
// Runs those of the stages from `first` to `last`, in `order`.
Verdicts judge(const Order& order, Stage first, Stage last, const Facts& facts);

}  // namespace postrider::checks
