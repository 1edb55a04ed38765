// helo_name.cc - the client gives no name that a mail server has: a word without a dot, an address
// without brackets, or no domain at all.
//
// RFC 5321 section 2.3.5 (fully-qualified names alone) and 4.1.3 (address literals).
#include <fmt/format.h>

#include "common/checks/rows.h"

namespace postrider::checks {

Finding helo_name(const Facts& facts) {
  const std::string& name = facts.helo;
  const auto refusal = [&](std::string_view what) {
    return smtp::Reply{550, "5.5.2", fmt::format("{} {}", name, what)};
  };
  if (smtp::is_address_literal(name)) return std::nullopt;
  if (net::IpAddress::parse(name)) return refusal("is an address without its brackets");
  if (!smtp::is_domain(name)) return refusal("is not the name of a host");
  if (name.find('.') == std::string::npos) return refusal("is not a fully-qualified name");
  return std::nullopt;
}

}  // namespace postrider::checks
