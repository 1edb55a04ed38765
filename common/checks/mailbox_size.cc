// mailbox_size.cc - the message, as large as MAIL declares it (RFC 1870), could stand in the
// recipient's mailbox were it empty: waiting for room would be of no use. Whoever asks with one
// size after another can find out how large a mailbox may be, though no reply tells it.
#include "common/checks/rows.h"

namespace postrider::checks {

Finding mailbox_size(const Facts& facts) {
  const std::uint64_t limit = mailbox_limit(facts);
  const bool declared_larger = limit != 0 && facts.declared_size > limit;
  if (!declared_larger && facts.room != quota::Grant::larger) return std::nullopt;
  return smtp::Reply{552, "5.2.3", "the message is larger than the recipient's mailbox may be"};
}

}  // namespace postrider::checks
