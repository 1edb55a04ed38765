// password.h - passwords are kept as argon2id hashes.
//
// The cost is in the hash itself, so that a later release can raise it: 19 MiB and 2 passes, the
// least that OWASP's Password Storage Cheat Sheet asks for, since a mail server verifies a password
// for every connection of every client.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/base/secret.h"

namespace postrider::directory {

// A new hash of the prepared password (common/sasl/scram.h) with a salt of its own. Takes tens of
// milliseconds. Fails (temporary) without memory.
Result<std::string> hash_password(const Secret& password);

// Whether password_fits() can tell anything by `hash`: one of argon2id or argon2i, perhaps another
// program's, of at most 256 MiB and 10 passes. What was made by other means is of no use.
bool is_password_hash(const std::string& hash);

// True if `hash` is that of `password`. An empty hash fits no password and costs the same time as
// any other. Fails: invalid, `hash` is not one; temporary, no memory. Any thread.
Result<bool> password_fits(const std::string& hash, const Secret& password);

// The salt of the user's passwords for SCRAM: a hash of the address, so that there is one for every
// address, and the same each time. `salt_key`: 32 octets.
std::string scram_salt(std::string_view salt_key, std::string_view address);

}  // namespace postrider::directory
