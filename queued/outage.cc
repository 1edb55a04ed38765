#include "queued/outage.h"

#include <algorithm>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "common/message/report.h"
#include "queued/retry.h"

namespace postrider::queued {

std::string told_name(std::string_view destination) {
  const std::size_t comma = destination.find(',');
  std::string name(message::name_for_senders(destination.substr(0, comma)));
  if (comma != std::string_view::npos) name += "," + told_name(destination.substr(comma + 1));
  return name;
}

Outage::Outage(Reason reason, WallTime now, const config::Settings::Queue& settings, Random& random)
    : reason_(std::move(reason)),
      since_(now),
      wait_(std::min<std::chrono::microseconds>(kFirstWait, settings.retry_interval)) {
  next_probe_ = now + jittered(wait_, settings.retry_jitter, random);
}

Outage Outage::presumed(WallTime now, const config::Settings::Queue& settings, Random& random) {
  Outage outage({"4.4.0", "not tried since queued was started"}, now, settings, random);
  outage.presumed_ = true;
  const auto within = static_cast<std::uint64_t>(outage.wait_.count());
  outage.next_probe_ =
      now + std::chrono::microseconds(static_cast<std::int64_t>(random.below(within)));
  return outage;
}

void Outage::on_probe_failed(Reason reason, WallTime now, const config::Settings::Queue& settings,
                             Random& random) {
  reason_ = std::move(reason);
  presumed_ = false;
  wait_ = std::min<std::chrono::microseconds>(wait_ * 2, settings.retry_interval);
  next_probe_ = now + jittered(wait_, settings.retry_jitter, random);
}

Reason Outage::told_to_recipients(const std::string& destination) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_).time_since_epoch().count();
  return {reason_.status,
          fmt::format("waiting for {}: {} since {:%Y-%m-%d %H:%M} UTC", told_name(destination),
                      reason_.words, fmt::gmtime(static_cast<std::time_t>(seconds)))};
}

}  // namespace postrider::queued
