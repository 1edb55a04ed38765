#include "common/quota/open_rooms.h"

#include <utility>

#include "common/limits/open_at_start.h"

namespace postrider::quota {

std::string rooms_path(const std::string& run_directory) { return run_directory + "/rooms-3"; }

Rooms open_rooms(const std::string& run_directory, log::Logger& log) {
  auto rooms = limits::open_at_start([&] { return Rooms::open(rooms_path(run_directory)); });
  if (rooms) return std::move(*rooms);
  log.warning("rooms_not_shared")
      .with("reason", rooms.error().text)
      .with("effect", "full mailboxes are not known to smtpd, and their mail waits in the queue");
  return {};
}

}  // namespace postrider::quota
