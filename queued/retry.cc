#include "queued/retry.h"

#include <algorithm>

namespace postrider::queued {

std::chrono::microseconds jittered(std::chrono::microseconds interval, std::uint64_t percent,
                                   Random& random) {
  const auto spread = interval * static_cast<std::int64_t>(percent) / 100;
  if (spread.count() <= 0) return interval;
  const auto drawn = random.below(2 * static_cast<std::uint64_t>(spread.count()) + 1);
  return interval + std::chrono::microseconds(static_cast<std::int64_t>(drawn)) - spread;
}

WallTime next_attempt(const config::Settings::Queue& settings, unsigned attempts, WallTime now,
                      WallTime expires, Random& random) {
  std::chrono::microseconds interval = settings.retry_interval;
  if (!settings.retry_schedule.empty()) {
    const std::size_t last = settings.retry_schedule.size() - 1;
    const std::size_t step = std::min<std::size_t>(attempts == 0 ? 0 : attempts - 1, last);
    interval = settings.retry_schedule[step];
  }
  const WallTime planned = now + jittered(interval, settings.retry_jitter, random);
  // Not before now, should the clock have jumped past the expiry.
  return std::max(std::min(planned, expires), now);
}

WallTime expiry(const config::Settings::Queue& settings, WallTime born, bool report) {
  return born + (report ? settings.bounce_lifetime : settings.lifetime);
}

bool warning_is_due(const config::Settings::Queue& settings, WallTime born, WallTime now) {
  return settings.delay_warning.count() > 0 && now - born >= settings.delay_warning;
}

WallTime next_look(const config::Settings::Queue& settings, WallTime born, bool to_be_warned,
                   WallTime now, WallTime expires) {
  const bool warns = to_be_warned && settings.delay_warning.count() > 0;
  const WallTime warning = born + settings.delay_warning;
  // A warning that is due and not written is tried again, but not at once and for ever.
  const WallTime look = !warns ? expires : warning > now ? warning : now + settings.retry_interval;
  return std::max(std::min(look, expires), now);
}

}  // namespace postrider::queued
