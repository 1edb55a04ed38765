// new_file.h - a file of the installation, made whole.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace postrider::ctl {

// Refused (invalid) where there is one of that name. It has that mode, whatever the umask, and
// belongs to `group` if that is not empty and the host knows it. Durable, and whole from the first
// moment that it has its name; where it fails, nothing is left.
Result<void> write_new_file(const std::string& path, std::string_view content, mode_t mode,
                            const std::string& group = {});

bool has_group(const std::string& group);

// Hands what is there to `group`, if the host knows that, with that mode.
Result<void> give(const std::string& path, mode_t mode, const std::string& group);

}  // namespace postrider::ctl
