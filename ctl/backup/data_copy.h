// data_copy.h - paths.data, the configuration and the files that it names into a backup. Blocks.
//
// Of paths.data all files but the trace, which is a record of the past that nothing needs to run:
// its folder alone. Databases are copied as of one moment.
#pragma once

#include <string>

#include "common/config/settings.h"
#include "ctl/backup/draft.h"

namespace postrider::ctl::backup {

Result<void> copy_data(const config::Settings& settings, Draft& draft);

// `path` is that of the file from which `settings` are. A file that it names and that is not there
// is told; a device, as /dev/null, is passed over.
Result<void> copy_configuration(const std::string& path, const config::Settings& settings,
                                Draft& draft);

}  // namespace postrider::ctl::backup
