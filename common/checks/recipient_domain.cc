// recipient_domain.cc - mail of a user who has logged in goes to a domain that is written in full.
// What is not is known to no other network than this one, and the user learns of it at once, where
// a report would come later. The server that a route or the smarthost leads to may know better.
//
// RFC 5321 section 2.3.5 (fully-qualified names alone), RFC 3463 section 3.2 (X.1.2).
#include <fmt/format.h>

#include "common/checks/rows.h"
#include "common/config/routes.h"

namespace postrider::checks {

Finding recipient_domain(const Facts& facts) {
  const std::string& domain = facts.recipient.domain;
  if (!facts.answer || facts.answer->kind != directory::RecipientAnswer::Kind::foreign ||
      smtp::is_address_literal(domain) || domain.find('.') != std::string::npos)
    return std::nullopt;
  const bool is_routed =
      !facts.settings.relay.smarthost.empty() ||
      config::find_route(facts.settings.routes, domain, config::Whose::others,
                         {facts.sender.str(), facts.client.user, config::Holds::apply}) != nullptr;
  if (is_routed) return std::nullopt;
  return smtp::Reply{550, "5.1.2",
                     fmt::format("{} is not a fully-qualified domain: write it in full", domain)};
}

}  // namespace postrider::checks
