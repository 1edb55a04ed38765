// downgraded_addresses.h - the addresses of a header field in ASCII: see downgraded_field.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/message/downgraded_field.h"

namespace postrider::message {

// The tokens of an unfolded address-list (RFC 5322 section 3.4, RFC 6532 section 3.2), each address
// downgraded as far as it needs to be (RFC 6857 sections 3.1.3 and 3.1.5 to 3.1.8).
std::vector<std::string> address_tokens(std::string_view value, ToALabels to_a_labels);

// `text` without the quotes and backslashes of a quoted string; as it is where it is none.
std::string unquoted(std::string_view text);

}  // namespace postrider::message
