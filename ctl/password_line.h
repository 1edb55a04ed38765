// password_line.h - a password as it is given on standard input: the first line of it.
#pragma once

#include <istream>

#include "common/base/result.h"
#include "common/base/secret.h"

namespace postrider::ctl {

// The first line without its LF or CRLF, which the last line need not have. Of a longer one than a
// password may be (password_policy.h) enough that the policy refuses it: nothing is cut off in
// silence. Invalid: there is none, or it is empty.
Result<Secret> read_password(std::istream& in);

}  // namespace postrider::ctl
