#include "common/config/destinations.h"

#include <algorithm>

#include "common/config/next_hops.h"
#include "common/config/routes.h"
#include "common/config/tls_policies.h"

namespace postrider::config {

namespace {

bool any_covers(const std::vector<std::string>& matches, std::string_view name) {
  return std::any_of(matches.begin(), matches.end(), [&](const std::string& match) {
    return match == kEveryDomain || covers(match, name);
  });
}

bool holds_for(const DestinationLimits& limits, std::string_view domain, std::string_view host) {
  if (is_socket(domain))
    return std::find(limits.hosts.begin(), limits.hosts.end(), domain) != limits.hosts.end();
  return any_covers(limits.domains, domain) ||
         any_covers(limits.hosts, host.empty() ? domain : host);
}

}  // namespace

bool is_limited_host(std::string_view text) { return is_tls_destination(text) || is_socket(text); }

const DestinationLimits* find_destination(const std::vector<DestinationLimits>& destinations,
                                          std::string_view domain, std::string_view host) {
  const auto found = std::find_if(
      destinations.begin(), destinations.end(),
      [&](const DestinationLimits& limits) { return holds_for(limits, domain, host); });
  return found == destinations.end() ? nullptr : &*found;
}

}  // namespace postrider::config
