// find.h - looks for a message whose file was renamed: by its base.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace postrider::maildir {

// The name of the file of the message with this base (see same_message()) in the folder `path`
// (relative to the directory `at`); empty if there is none, or no such folder. Reads the folder
// from its beginning: for the rare case that the name is not the expected one. Blocks.
Result<std::string> find_by_base(int at, const std::string& path, std::string_view base);

}  // namespace postrider::maildir
