#include "common/config/routes.h"

#include <algorithm>

#include "common/base/ascii.h"
#include "common/base/domain_name.h"
#include "common/config/next_hops.h"

namespace postrider::config {

namespace {

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

bool is_route_via(std::string_view text) {
  return text == "discard:" || text == "hold:" || is_next_hop(text);
}

bool leads_to_store(const Route& route) noexcept {
  return std::any_of(route.via.begin(), route.via.end(), [](const std::string& via) {
    const Scheme* const scheme = scheme_of(via);
    return scheme != nullptr && scheme->protocol == smtp::Protocol::lmtp;
  });
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
