#include "common/config/routes.h"

#include <algorithm>

#include "common/base/ascii.h"
#include "common/base/domain_name.h"
#include "common/config/units.h"
#include "common/net/address.h"

namespace postrider::config {

namespace {

constexpr std::string_view kSmtp = "smtp:";
constexpr std::string_view kMx = "mx";
// A socket's path with the zero behind it: sun_path of unix(7).
constexpr std::size_t kMaxSocketPath = 107;

bool is_port(std::string_view text) {
  const auto port = parse_count(text);
  return port && *port >= 1 && *port <= 65535;
}

std::string_view domain_of(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
}

bool takes_recipient(const Route& route, std::string_view domain, Whose whose) {
  return route.match == kEveryDomain ? whose == Whose::others : covers(route.match, domain);
}

bool takes_sender(const Route& route, std::string_view sender) {
  return route.sender.empty() || route.sender == kEveryDomain ||
         covers(route.sender, domain_of(sender));
}

bool takes_account(const Route& route, std::string_view account) {
  if (route.account.empty()) return true;
  const bool whole = route.account.find('@') != std::string::npos;
  return equals_ignoring_case(route.account, whole ? account : domain_of(account));
}

}  // namespace

bool is_route_match(std::string_view text) {
  if (text == kEveryDomain) return true;
  if (text.starts_with('.')) text.remove_prefix(1);
  return is_domain_name(text);
}

bool covers(std::string_view match, std::string_view domain) noexcept {
  if (!match.starts_with('.')) return equals_ignoring_case(match, domain);
  return domain.size() > match.size() &&
         equals_ignoring_case(match, domain.substr(domain.size() - match.size()));
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
  return text == "discard:" || text == "hold:" || is_next_hop(text);
}

bool is_next_hop(std::string_view via) {
  if (via.starts_with(kLmtp))
    return lmtp_socket(via) || (is_server(via.substr(kLmtp.size())) && !via.ends_with(":25"));
  return via == kMx || (via.starts_with(kSmtp) && is_server(via.substr(kSmtp.size())));
}

std::optional<std::string_view> lmtp_socket(std::string_view via) noexcept {
  if (!via.starts_with(kLmtp)) return std::nullopt;
  const auto path = unix_path(via.substr(kLmtp.size()));
  const bool fits = path && path->starts_with('/') && path->size() <= kMaxSocketPath &&
                    path->find(',') == std::string_view::npos &&
                    std::none_of(path->begin(), path->end(), &is_control);
  return fits ? path : std::nullopt;
}

bool leads_to_store(const Route& route) noexcept {
  return std::any_of(route.via.begin(), route.via.end(),
                     [](const std::string& via) { return via.starts_with(kLmtp); });
}

bool is_route_account(std::string_view text) {
  const std::size_t at = text.rfind('@');
  return at == std::string_view::npos ? is_domain_name(text)
                                      : at > 0 && is_domain_name(text.substr(at + 1));
}

const Route* find_route(const std::vector<Route>& routes, std::string_view domain, Whose whose,
                        const RoutedMail& mail) {
  const auto found = std::find_if(routes.begin(), routes.end(), [&](const Route& route) {
    return takes_recipient(route, domain, whose) && takes_sender(route, mail.sender) &&
           takes_account(route, mail.account) && (mail.holds == Holds::apply || !route.holds());
  });
  return found == routes.end() ? nullptr : &*found;
}

}  // namespace postrider::config
