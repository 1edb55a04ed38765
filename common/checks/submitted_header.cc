// submitted_header.cc - each line of the header that one of our own submits belongs to a field.
//
// RFC 5322 section 2.2. Fields are put before it, which a line that belongs to none could go on
// with; and what one program passes over another takes for a From or a Bcc.
#include "common/checks/rows.h"

namespace postrider::checks {

Finding submitted_header(const Facts& facts) {
  const bool submitted = !facts.client.user.empty() || facts.client.uid;
  if (!submitted || facts.header.misfits == 0) return std::nullopt;
  return smtp::Reply{550, "5.6.0", "a line of the header belongs to no field"};
}

}  // namespace postrider::checks
