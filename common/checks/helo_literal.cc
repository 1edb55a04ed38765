// helo_literal.cc - the client calls itself by an address that is not its own.
//
// RFC 5321 section 4.1.4 lets nobody be refused because a name does not fit the address; a client
// behind a translated address is honest and wrong. So the default is to tag.
#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/checks/rows.h"

namespace postrider::checks {

Finding helo_literal(const Facts& facts) {
  std::string_view name = facts.helo;
  if (facts.client.address.is_unspecified() || !smtp::is_address_literal(name)) return std::nullopt;
  name = name.substr(1, name.size() - 2);
  constexpr std::string_view kIpv6 = "IPv6:";
  if (equals_ignoring_case(name.substr(0, kIpv6.size()), kIpv6)) name.remove_prefix(kIpv6.size());
  const auto claimed = net::IpAddress::parse(name);
  if (claimed && *claimed == facts.client.address) return std::nullopt;
  return smtp::Reply{
      550, "5.7.1",
      fmt::format("your address is {}, not {}", facts.client.address.literal(), facts.helo)};
}

}  // namespace postrider::checks
