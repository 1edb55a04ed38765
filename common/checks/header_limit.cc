// header_limit.cc - the header section is within the limits of octets and of fields.
#include <fmt/format.h>

#include "common/checks/rows.h"

namespace postrider::checks {

Finding header_limit(const Facts& facts) {
  const auto& limits = facts.settings.smtpd;
  if (facts.header.octets > limits.header_limit)
    return smtp::Reply{552, "5.3.4",
                       fmt::format("the header is longer than {} octets", limits.header_limit)};
  if (facts.header.fields > limits.header_field_limit)
    return smtp::Reply{
        552, "5.3.4", fmt::format("the header has more than {} fields", limits.header_field_limit)};
  return std::nullopt;
}

}  // namespace postrider::checks
