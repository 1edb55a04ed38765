// system_calls.h - the system calls that a Confinement leaves, as a filter of seccomp(2).
//
// Three kinds: what a daemon calls goes through; what only somebody calls who has taken it over, as
// to run a program or to look into another process, kills it, so that it is seen; anything else the
// kernel seems not to have (ENOSYS), and a library does what it does on an older one.
#pragma once

#include "common/base/result.h"
#include "common/sandbox/confinement.h"

namespace postrider::sandbox {

// Whether this kernel can filter, and kill the whole process.
bool can_filter() noexcept;

// Filters the calls of this thread and of those that it makes, for good; sets no_new_privs.
Result<void> filter_system_calls(const Confinement& confinement);

}  // namespace postrider::sandbox
