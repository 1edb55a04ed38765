// header_repeated.cc - the header has a field twice that it may have once: who reads the message
// may be shown another sender or subject than who checked it.
//
// RFC 5322 section 3.6.
#include <fmt/format.h>

#include "common/checks/rows.h"

namespace postrider::checks {

Finding header_repeated(const Facts& facts) {
  for (std::size_t i = 0; i < kSingleFields.size(); ++i)
    if (facts.header.single[i] > 1)
      return smtp::Reply{550, "5.6.0",
                         fmt::format("the header has more than one {} field", kSingleFields[i])};
  return std::nullopt;
}

}  // namespace postrider::checks
