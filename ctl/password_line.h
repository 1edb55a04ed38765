// password_line.h - a password as it is given on standard input: the first line of it.
#pragma once

#include <istream>

#include "common/base/result.h"
#include "common/base/secret.h"

namespace postrider::ctl {

// Octets, without the line break.
inline constexpr std::size_t kMaxPassword = 1024;

// The first line without its LF or CRLF, which the last line need not have. The error (invalid)
// tells what is wrong: nothing is cut off in silence.
Result<Secret> read_password(std::istream& in);

}  // namespace postrider::ctl
