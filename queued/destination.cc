#include "queued/destination.h"

#include <algorithm>

namespace postrider::queued {

bool Destination::wants_more() const noexcept {
  if (paused || calling || behind == Behind::none) return false;
  if (outage) return probe_due && !probing;
  return behind == Behind::few || line.size() < 2 * window.size();
}

bool Destination::keeps_up(WallTime now) const noexcept {
  if (kind == WorkKind::local) return !pace.stands_still(kStandstill, now);
  return line.size() + window.under_way() <= pace.within(kSoon, now);
}

bool Destination::has_share(Memory memory, WallTime now) const noexcept {
  const std::size_t share = std::max<std::size_t>({memory.room, memory.part, window.size()});
  return kind == WorkKind::local || line.size() + window.under_way() < share || keeps_up(now);
}

}  // namespace postrider::queued
