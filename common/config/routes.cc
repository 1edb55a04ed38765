#include "common/config/routes.h"

#include <algorithm>
#include <array>

#include "common/base/ascii.h"
#include "common/base/domain_name.h"
#include "common/config/units.h"
#include "common/net/address.h"

namespace postrider::config {

namespace {

constexpr std::string_view kSmtp = "smtp:";
constexpr std::string_view kAllOthers = "*";
constexpr std::string_view kHold = "hold:";

bool is_port(std::string_view text) {
  const auto port = parse_count(text);
  return port && *port >= 1 && *port <= 65535;
}

bool takes(const Route& route, std::string_view domain, Whose whose) {
  const std::string_view match = route.match;
  if (match == kAllOthers) return whose == Whose::others;
  if (!match.starts_with('.')) return equals_ignoring_case(match, domain);
  return domain.size() > match.size() &&
         equals_ignoring_case(match, domain.substr(domain.size() - match.size()));
}

}  // namespace

bool is_route_match(std::string_view text) {
  if (text == kAllOthers) return true;
  if (text.starts_with('.')) text.remove_prefix(1);
  return is_domain_name(text);
}

bool is_server(std::string_view text) {
  if (!text.starts_with('[')) {
    const std::size_t colon = text.find(':');
    return is_domain_name(text.substr(0, colon)) &&
           (colon == std::string_view::npos || is_port(text.substr(colon + 1)));
  }
  const std::size_t bracket = text.find(']');
  if (bracket == std::string_view::npos || !net::IpAddress::parse(text.substr(1, bracket - 1)))
    return false;
  const std::string_view rest = text.substr(bracket + 1);
  return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
}

bool is_route_via(std::string_view text) {
  constexpr std::array<std::string_view, 3> kWords{"mx", "discard:", kHold};
  if (std::find(kWords.begin(), kWords.end(), text) != kWords.end()) return true;
  return text.starts_with(kSmtp) && is_server(text.substr(kSmtp.size()));
}

const Route* find_route(const std::vector<Route>& routes, std::string_view domain, Whose whose,
                        Holds holds) {
  const auto found = std::find_if(routes.begin(), routes.end(), [&](const Route& route) {
    return takes(route, domain, whose) && (holds == Holds::apply || route.via != kHold);
  });
  return found == routes.end() ? nullptr : &*found;
}

}  // namespace postrider::config
