// spf_terms.h - whether a published SPF record may let a host send. Pure, and no evaluation: what
// the record leads to elsewhere is not looked at. RFC 7208.
#pragma once

#include <span>
#include <string_view>

#include "common/net/address.h"

namespace postrider::ctl {

// `spf`: a record that begins with its version. True where a term may give "pass" to one of the
// addresses; where these are not known, any network may be theirs.
bool may_pass(std::string_view spf, std::span<const net::IpAddress> addresses);

}  // namespace postrider::ctl
