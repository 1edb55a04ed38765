// header_syntax.cc - the header section is one: fields, each in lines of lawful length.
//
// RFC 5322 section 2.2 (fields) and 2.1.1 (998 octets a line).
#include <fmt/format.h>

#include "common/checks/rows.h"

namespace postrider::checks {

namespace {

constexpr std::uint64_t kMaxLine = 998;

}  // namespace

Finding header_syntax(const Facts& facts) {
  if (facts.header.misfits > 0)
    return smtp::Reply{550, "5.6.0", "the header has lines that belong to no field"};
  if (facts.header.longest_line > kMaxLine)
    return smtp::Reply{550, "5.6.0",
                       fmt::format("the header has a line of more than {} octets", kMaxLine)};
  return std::nullopt;
}

}  // namespace postrider::checks
