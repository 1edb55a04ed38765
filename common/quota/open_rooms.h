// open_rooms.h - how a worker comes to the file of rooms.
#pragma once

#include <string>

#include "common/log/log.h"
#include "common/quota/rooms.h"

namespace postrider::quota {

// <run>/rooms-3, where all of them look; the number is that of the format, so that a release and
// the next may run side by side.
std::string rooms_path(const std::string& run_directory);

// The rooms that all workers share; where they cannot be had, the log is told, and this worker has
// its own.
Rooms open_rooms(const std::string& run_directory, log::Logger& log);

}  // namespace postrider::quota
