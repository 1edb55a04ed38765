#include "queued/destination.h"

#include <algorithm>

namespace postrider::queued {

bool Destination::wants_more() const noexcept {
  if (paused || calling || behind == Behind::none) return false;
  if (outage) return probe_due && !probing;
  return behind == Behind::few || line.size() < 2 * window.size();
}

bool Destination::keeps_up(Memory memory, WallTime now) const noexcept {
  if (kind == WorkKind::local || memory.in_motion) return now - pace.last() < kStandstill;
  return line.size() + window.under_way() <= pace.within(kSoon, now);
}

bool Destination::has_share(Memory memory, WallTime now) const noexcept {
  const std::size_t share = std::max<std::size_t>(memory.room, window.size());
  return kind == WorkKind::local || line.size() + window.under_way() < share ||
         keeps_up(memory, now);
}

}  // namespace postrider::queued
