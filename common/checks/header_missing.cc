// header_missing.cc - the header lacks From or Date, which every message has.
//
// RFC 5322 section 3.6.
#include <fmt/format.h>

#include "common/checks/rows.h"

namespace postrider::checks {

Finding header_missing(const Facts& facts) {
  for (std::size_t i = 0; i < kRequiredFields; ++i)
    if (facts.header.single[i] == 0)
      return smtp::Reply{550, "5.6.0", fmt::format("the header has no {} field", kSingleFields[i])};
  return std::nullopt;
}

}  // namespace postrider::checks
