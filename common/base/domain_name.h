// domain_name.h - what may stand as a domain name in configuration, directory and queries.
#pragma once

#include <string_view>

namespace postrider {

// True for a host's or mail domain's name: labels of letters, digits and inner hyphens with dots
// between, at most 63 octets a label and 253 in all (RFC 1035 section 2.3.4, RFC 5321 section
// 4.1.2), no dot at the end, and not an IPv4 address. Internationalized names are A-labels (xn--).
bool is_domain_name(std::string_view text) noexcept;

}  // namespace postrider
