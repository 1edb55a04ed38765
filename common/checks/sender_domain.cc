// sender_domain.cc - mail to the sender's domain has somewhere to go: replies and reports could
// reach the sender.
//
// RFC 7505 section 4.2 (X.7.27): a domain that takes no mail sends none.
#include <fmt/format.h>

#include "common/checks/rows.h"

namespace postrider::checks {

Finding sender_domain(const Facts& facts) {
  const std::string& domain = facts.sender.domain;
  if (facts.sender.is_null() || smtp::is_address_literal(domain)) return std::nullopt;
  const auto reply = [&](int code, const char* status, std::string_view what) {
    return smtp::Reply{code, status, fmt::format("the sender's domain {} {}", domain, what)};
  };
  switch (facts.sender_mail) {
    case DomainMail::taken: return std::nullopt;
    case DomainMail::refused: return reply(550, "5.7.27", "takes no mail (null MX)");
    case DomainMail::none: return reply(550, "5.1.8", "has no mail server");
    case DomainMail::no_domain: return reply(550, "5.1.8", "does not exist");
    case DomainMail::temporary: break;
  }
  return reply(450, "4.4.3", "cannot be looked up now");
}

}  // namespace postrider::checks
