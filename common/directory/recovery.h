// recovery.h - a change of directory.db that was cut off: its writer died in the middle of the
// commit (a power cut, SIGKILL), and what is half done stands in the file.
//
// Whoever opens the file to write it takes the change back, by the journal beside it. The daemons
// may only read it: until then they have no directory, and say "try again" to everybody.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace postrider::directory {

// What mends it, for whoever is told of it.
inline constexpr std::string_view kRecover =
    "`postrider directory recover`, as root, takes it back";

// Whether such a change is in the file now; changes nothing. Temporary: it cannot be read.
Result<bool> is_cut_off(const std::string& path);

// Takes it back. False: there was none, or no file. Waits for a writer who lives.
Result<bool> recover(const std::string& path);

}  // namespace postrider::directory
