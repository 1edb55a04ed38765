// certificate_facts.h - what a person wants to know of the certificate in a file.
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace postrider::net {

struct CertificateFacts {
  WallTime expiry;
  bool is_for_host = false;     // the name that was asked for is one of its (RFC 9525)
  bool is_self_signed = false;  // its issuer is itself: nobody else vouches for it
};

// Of the first certificate in the file, which is that of the server. Errors: invalid, there is none
// in PEM; others, as the file cannot be read.
Result<CertificateFacts> read_certificate_facts(const std::string& path,
                                                const std::string& hostname);

}  // namespace postrider::net
