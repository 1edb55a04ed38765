#include "common/config/tls_policies.h"

#include <algorithm>

#include "common/base/domain_name.h"
#include "common/config/routes.h"
#include "common/net/address.h"

namespace postrider::config {

bool is_tls_destination(std::string_view text) {
  if (!text.starts_with('[') || !text.ends_with(']')) return is_route_match(text);
  text.remove_prefix(1);
  text.remove_suffix(1);
  // In the one form that a destination has: else it would never match.
  const auto ip = net::IpAddress::parse(text);
  return ip && ip->str() == text;
}

bool is_certificate_name(std::string_view text) {
  if (text.starts_with('.')) text.remove_prefix(1);
  return is_domain_name(text);
}

const TlsPolicy* find_tls_policy(const std::vector<TlsPolicy>& policies,
                                 std::string_view destination) {
  const auto found = std::find_if(policies.begin(), policies.end(), [&](const TlsPolicy& policy) {
    return policy.destination == kEveryDomain || covers(policy.destination, destination);
  });
  return found == policies.end() ? nullptr : &*found;
}

}  // namespace postrider::config
