// regular_file.h - opens a file in a folder that others write to, for a reader who may do more than
// they.
#pragma once

#include <string>

#include "common/base/fd.h"
#include "common/base/result.h"

namespace postrider {

// To be read. Neither waits for a FIFO, nor follows a symbolic link at the end of `path`: what is
// no regular file is `invalid`, with its name.
Result<Fd> open_regular_file(const std::string& path);

}  // namespace postrider
