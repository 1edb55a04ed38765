// mailbox_path.h - from the name of a mailbox to its directory, and never anywhere else.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace postrider::maildir {

// Octets of a directory's name: ext4, XFS and their like (NAME_MAX).
inline constexpr std::size_t kMaxDirectoryName = 255;

// "<domain>/<user>/Maildir" for `mailbox`, user@domain as the directory knows it: lower case,
// without a tag. Relative to paths.mail. Fails (invalid) for every name that could mean another
// place: '/', NUL, control characters, "." and "..", a name that begins with '.', an empty part or
// label, upper case, a part above kMaxDirectoryName.
Result<std::string> mailbox_path(std::string_view mailbox);

}  // namespace postrider::maildir
