// password_policy.h - which passwords a user may have.
//
// NIST SP 800-63B section 5.1.1.2: what counts is length, and that the password is none of those
// that are guessed first; no rule of digits and capitals. App passwords and the secrets of APOP we
// make ourselves: none of this is for them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/secret.h"
#include "common/directory/address.h"
#include "common/directory/common_passwords.h"

namespace postrider::directory {

// Octets of a password, as SCRAM and argon2 take it: above any that people type.
inline constexpr std::size_t kMaxPassword = 1024;

struct PasswordPolicy {
  std::uint64_t min_length = 0;  // characters
  std::uint64_t history = 0;     // of a user's last passwords, the present one among them: so many
                                 // may not come again
  CommonPasswords common;
};

// Why the password is refused, and what would do; nothing: it may be had. Of the history, which
// takes a hash for each, DirectoryEditor::set_password() knows.
std::optional<std::string> fault_of(const PasswordPolicy& policy, const Address& user,
                                    const Secret& password);

}  // namespace postrider::directory
