// sandbox.h - puts a Confinement into force: Landlock for files and ports, seccomp for system
// calls.
//
// Each worker confines itself before it does anything else, so that its threads are made within,
// and what it has to open at any time, it may open always. The parent does not: it becomes the next
// release (event/upgrade.h), whose needs this one does not know, and takes nothing from outside but
// signals and its configuration.
#pragma once

#include <string_view>

#include "common/base/result.h"
#include "common/log/log.h"
#include "common/sandbox/confinement.h"

namespace postrider::sandbox {

// `mode` is what security.sandbox says: "on", "off" or "require".

// For the parent, when it starts and on a reload: tells `log` what the kernel lacks, and how to
// mend it. Invalid: it lacks something, and `mode` is "require".
Result<void> prepare(std::string_view mode, log::Logger& log);

// Confines this process, for good. Call before any thread was made. What the kernel lacks is passed
// over. What cannot be done otherwise is an error, and nobody is confined by halves: the process is
// to end. A folder to write in that is missing is such an error.
Result<void> confine(const Confinement& confinement, std::string_view mode);

}  // namespace postrider::sandbox
