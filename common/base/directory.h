// directory.h - what a program asks of a folder before it starts.
#pragma once

#include <string>

#include "common/base/result.h"

namespace postrider {

// Makes `path`, mode 0700, if it is missing, and checks that files can be made in it. Its name is
// durable then: what is synced in a folder that a power cut takes away is lost. The error names the
// folder and says why not: no permission, not a directory, a read-only file system.
Result<void> require_writable_directory(const std::string& path);

}  // namespace postrider
