// smarthost_login.h - the login at the smart host, whose password stands in a file of its own.
#pragma once

#include <optional>

#include "common/base/result.h"
#include "common/config/settings.h"
#include "common/sasl/client_exchange.h"

namespace postrider::deliverd {

// Octets of a password. With a user of the longest kind, PLAIN stays within what every server takes
// (RFC 4954 section 4: 12288 octets).
inline constexpr std::size_t kMaxPassword = 1024;

// What relay.smarthost_user and relay.smarthost_password_file say; nothing where they say nothing.
// A line end behind the password is not part of it. The error names the file and what is wrong with
// it: everyone may read it, it is empty, it holds more than one line.
Result<std::optional<sasl::Login>> load_smarthost_login(const config::Settings& settings);

}  // namespace postrider::deliverd
