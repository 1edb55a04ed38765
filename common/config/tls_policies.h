// tls_policies.h - [[tls_policy]]: which destinations, and the one that counts. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "common/config/settings.h"

namespace postrider::config {

// A domain, a domain with a dot before it (its subdomains), "[ADDRESS]", or "*".
bool is_tls_destination(std::string_view text);
inline constexpr std::string_view kTlsDestinationForms =
    "a domain, \".\" and a domain for its subdomains, \"[ADDRESS]\", or \"*\"";

// A host's name, or a dot and a domain for any host below it: what a certificate has to be for.
bool is_certificate_name(std::string_view text);
inline constexpr std::string_view kCertificateNameForms =
    "a host's name, or \".\" and a domain for any host below it";

// The first policy for `destination`, a domain in upper or lower case or "[ADDRESS]", or null; it
// is one of `policies`.
const TlsPolicy* find_tls_policy(const std::vector<TlsPolicy>& policies,
                                 std::string_view destination);

}  // namespace postrider::config
