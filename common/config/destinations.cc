#include "common/config/destinations.h"

#include <algorithm>

#include "common/config/routes.h"

namespace postrider::config {

namespace {

bool any_covers(const std::vector<std::string>& matches, std::string_view name) {
  return std::any_of(matches.begin(), matches.end(), [&](const std::string& match) {
    return match == kEveryDomain || covers(match, name);
  });
}

}  // namespace

const DestinationLimits* find_destination(const std::vector<DestinationLimits>& destinations,
                                          std::string_view domain, std::string_view host) {
  const auto found =
      std::find_if(destinations.begin(), destinations.end(), [&](const DestinationLimits& limits) {
        return any_covers(limits.domains, domain) ||
               any_covers(limits.hosts, host.empty() ? domain : host);
      });
  return found == destinations.end() ? nullptr : &*found;
}

}  // namespace postrider::config
