// certificate.h - a self-signed certificate, so that a new instance speaks TLS from its first
// start.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace postrider::net {

struct SelfSigned {
  std::string certificate;  // PEM
  std::string key;          // PEM, without a passphrase
};

// A certificate for `hostname`, valid from now for kSelfSignedDays days, and its key: ECDSA P-256,
// unless `given_key` is one (PEM). `hostname` is a domain name.
inline constexpr int kSelfSignedDays = 3650;
Result<SelfSigned> make_self_signed(const std::string& hostname, std::string_view given_key = {});

}  // namespace postrider::net
