// password.h - passwords are kept as argon2id hashes; <sodium.h> is seen in password.cc alone.
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

// A new hash with a salt of its own. Takes tens of milliseconds. Fails (temporary) without memory.
Result<std::string> hash_password(const Secret& password);

// True if `hash` is that of `password`. An empty hash fits no password and costs the same time as
// any other. Fails (temporary) without memory, or when `hash` is not one. Any thread.
Result<bool> password_fits(const std::string& hash, const Secret& password);

}  // namespace postrider::directory
