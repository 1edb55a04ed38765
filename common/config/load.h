// load.h - the configuration file, checked as a whole.
//
// All that is wrong is reported at once, a line each: "FILE:LINE: KEY: what is wrong; what would be
// right". A file with an error gives no Settings. Files of all versions are read (versions.h).
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/config/settings.h"

namespace postrider::config {

// A larger configuration file is refused: none that a person writes comes near.
inline constexpr std::size_t kMaxFile = 1U << 20U;
// Further errors are counted, not listed.
inline constexpr std::size_t kMaxComplaints = 100;

// Reads and checks the file at `path`. An error's kind is not_found when there is no such file,
// invalid when its content is wrong.
Result<Settings> load(const std::string& path);

// The same for a file's content. `path` stands in the errors, and its folder is where relative file
// names start.
Result<Settings> parse(std::string_view text, const std::string& path);

// The octets of such a file: at most one more than kMaxFile.
Result<std::string> read_file(const std::string& path);

// All defaults; hostname is empty.
Settings defaults();

}  // namespace postrider::config
