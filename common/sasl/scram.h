// scram.h - what a server keeps of a password for SCRAM-SHA-256, and whether a client knows it.
//
// The keys prove a password and are none: who has stolen them can try passwords, but not log in.
//
// RFC 5802 section 3, RFC 7677; RFC 4013 (SASLprep).
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "common/base/result.h"
#include "common/base/secret.h"

namespace postrider::sasl {

struct ScramKeys {
  static constexpr std::size_t kSize = 32;
  using Key = std::array<char, kSize>;

  Key stored{};
  Key server{};
  bool operator==(const ScramKeys&) const = default;
};

// `salt` is octets. Takes tens of milliseconds for 65,536 iterations. Any thread. Fails (temporary)
// without memory.
Result<ScramKeys> derive_scram_keys(const Secret& password, std::string_view salt,
                                    unsigned iterations);

// The messages of an exchange, as they were sent.
struct ScramMessages {
  std::string_view client_first;
  std::string_view server_first;
  std::string_view client_final;
};
// Whether the client proves the password that `keys` were derived from. False for what is no SCRAM.
bool proves(const ScramMessages& messages, const ScramKeys& keys);

// The form in which two ways to type the same password are one: by SASLprep, or as it is where that
// does not know its characters or its octets are not UTF-8.
Secret prepared(const Secret& password);

}  // namespace postrider::sasl
