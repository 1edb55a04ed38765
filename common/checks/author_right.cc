// author_right.cc - whom From, Sender, Resent-From and Resent-Sender name is one whom the user who
// has logged in may send as (RFC 6409 section 6.1).
//
// The fields are what a reader sees, so that a user who may send as an address alone would pass for
// anybody without it. A header without From gets one of the sender's. Of Resent fields those count
// that the user has added: the first (RFC 5322 section 3.6.6).
#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/checks/rows.h"

namespace postrider::checks {

namespace {

// A reply's line has 512 octets (RFC 5321 section 4.5.3.1.5), and ASCII alone where nobody asked
// for more (RFC 6531 section 3.7.4.2).
constexpr std::size_t kMaxQuoted = 200;

smtp::Reply refusal(const std::string& reason) { return {550, "5.7.1", reason}; }

std::string quoted(const std::string& address, const char* otherwise) {
  return address.size() <= kMaxQuoted && is_all_ascii(address) ? address : otherwise;
}

}  // namespace

Finding author_right(const Facts& facts) {
  if (facts.header.authors_unclear)
    return refusal("From or Sender stands twice, or is no list of addresses");
  if (facts.authors.size() > kMaxAuthors)
    return refusal(fmt::format("From and Sender name more than {} addresses", kMaxAuthors));
  for (const Author& author : facts.authors)
    if (author.right == SendRight::denied)
      return refusal(fmt::format("{} may not send as {}", quoted(facts.client.user, "this user"),
                                 quoted(author.address, "the author it names")));
  for (const Author& author : facts.authors)
    if (author.right == SendRight::unknown)
      return smtp::Reply{451, "4.3.0", "cannot look up the author now, try again"};
  return std::nullopt;
}

}  // namespace postrider::checks
