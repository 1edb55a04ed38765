// apop.h - the digest by which a client of POP3 proves a secret without sending it.
//
// RFC 1939 section 7. MD5 (RFC 1321) is what it is made with: whoever hears it can try secrets as
// fast as a machine can, so that only one made for it, long and random, is safe.
#pragma once

#include <cstddef>
#include <string_view>

#include "common/base/secret.h"

namespace postrider::sasl {

// Octets of a digest as it is sent: hexadecimal digits in lower case.
inline constexpr std::size_t kApopDigest = 32;

// Whether `digest` is that of `timestamp`, angle brackets included, and `secret`. Takes the same
// time for each digest of that length. False without MD5, as where the host forbids it.
bool apop_fits(std::string_view timestamp, const Secret& secret, std::string_view digest);

}  // namespace postrider::sasl
