#include "queued/ages.h"

#include <algorithm>
#include <string>

#include "queued/selection.h"

namespace postrider::queued {

std::size_t age_class(WallTime arrival, WallTime now) noexcept {
  const auto age = now - arrival;
  const auto bound = std::find_if(kAgeBounds.begin(), kAgeBounds.end(),
                                  [&](std::chrono::minutes most) { return age < most; });
  return static_cast<std::size_t>(bound - kAgeBounds.begin());
}

void describe(const AgeCounts& counts, MessageState state, ipc::AdminReply& reply) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    ipc::AgeCount& row = *reply.add_ages();
    row.set_state(std::string(word_for(state)));
    if (i < kAgeBounds.size())
      row.set_younger_than_us(static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::microseconds>(kAgeBounds[i]).count()));
    row.set_messages(counts[i]);
  }
}

}  // namespace postrider::queued
