// reverse_dns.cc - the client's address has a name in DNS that leads back to it, as mail servers
// do.
//
// RFC 7372 section 3.3 (X.7.25).
#include <fmt/format.h>

#include "common/checks/rows.h"

namespace postrider::checks {

Finding reverse_dns(const Facts& facts) {
  if (facts.client.address.is_unspecified()) return std::nullopt;
  const std::string address = facts.client.address.str();
  const auto refusal = [](std::string text) { return smtp::Reply{550, "5.7.25", std::move(text)}; };
  switch (facts.reverse.status) {
    case net::ReverseName::Status::confirmed: return std::nullopt;
    case net::ReverseName::Status::unconfirmed:
      return refusal(
          fmt::format("{} is called {}, which is not its name", address, facts.reverse.name));
    case net::ReverseName::Status::none:
      return refusal(fmt::format("{} has no name in DNS", address));
    case net::ReverseName::Status::temporary: break;
  }
  return smtp::Reply{450, "4.7.25", fmt::format("the name of {} is not known now", address)};
}

}  // namespace postrider::checks
