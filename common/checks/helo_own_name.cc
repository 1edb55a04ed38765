// helo_own_name.cc - the client calls itself by our name.
#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/checks/rows.h"

namespace postrider::checks {

Finding helo_own_name(const Facts& facts) {
  const std::string& ours = facts.settings.hostname;
  if (!equals_ignoring_case(facts.helo, ours)) return std::nullopt;
  return smtp::Reply{550, "5.7.1", fmt::format("you are not {}", ours)};
}

}  // namespace postrider::checks
