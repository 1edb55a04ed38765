// retry.h - when a message is attempted again, and when it is given up. Pure.
#pragma once

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/config/settings.h"

namespace postrider::queued {

// `interval` more or less `percent` of it, at random: what was put off together does not come back
// together.
std::chrono::microseconds jittered(std::chrono::microseconds interval, std::uint64_t percent,
                                   Random& random);

// The time of the attempt after the `attempts`-th (1 or more), which ended at `now`: the interval
// of the schedule (its last entry for ever; retry_interval where there is none), more or less
// retry_jitter percent, and never later than `expires`, so that the last attempt comes at the end,
// unless its destination is down then.
WallTime next_attempt(const config::Settings::Queue& settings, unsigned attempts, WallTime now,
                      WallTime expires, Random& random);

// When a message whose lifetime began at `born` is given up; reports (from <>) by bounce_lifetime.
WallTime expiry(const config::Settings::Queue& settings, WallTime born, bool report);

// Whether an attempt that ended at `now` without delivery is the last.
inline bool is_last(WallTime now, WallTime expires) { return now >= expires; }

// Whether the sender is to be told now that the message is late.
bool warning_is_due(const config::Settings::Queue& settings, WallTime born, WallTime now);

// When a message that waits for its destination is looked at though its turn has not come: to warn
// its sender, if `to_be_warned`, and to give it up when it `expires`.
WallTime next_look(const config::Settings::Queue& settings, WallTime born, bool to_be_warned,
                   WallTime now, WallTime expires);

}  // namespace postrider::queued
