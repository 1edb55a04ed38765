// landlock.h - the rules of Landlock (landlock(7)) for what a Confinement says of files and ports.
//
// Landlock judges each opening by the folders that lead to the file, so it holds whatever user the
// process runs as; what is open already stays so. It does not know chmod(2), chown(2) and the like
// by path: those are kept back by system_calls.h.
#pragma once

#include "common/base/result.h"
#include "common/sandbox/confinement.h"

namespace postrider::sandbox {

// Below it a file cannot be moved from one folder to another (Linux 5.19).
inline constexpr int kLeastLandlock = 2;

// The version of Landlock that this kernel speaks; 0: none, or it is not switched on.
int landlock_version() noexcept;

// Puts the rules into force for this thread and those that it makes, for good; no_new_privs is set.
// `version` is at least kLeastLandlock.
Result<void> restrict_by_landlock(const Confinement& confinement, int version);

}  // namespace postrider::sandbox
