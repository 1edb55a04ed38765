// measure.h - what a message file is to readers of all kinds, by reading it.
#pragma once

#include "common/base/result.h"
#include "common/maildir/file_name.h"

namespace postrider::maildir {

// Reads the file `fd` from its beginning to its end; where it is read on stays. Blocks.
Result<Sizes> measure(int fd);

}  // namespace postrider::maildir
