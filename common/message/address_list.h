// address_list.h - the addresses in a header field such as From or To.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postrider::message {

// The addr-specs of an unfolded address-list (RFC 5322 section 3.4), in order: display names,
// comments and the names of groups are left out. What is no address at all is returned as it
// stands, for the server to refuse.
std::vector<std::string> addresses_in(std::string_view value);

}  // namespace postrider::message
