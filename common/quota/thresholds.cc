#include "common/quota/thresholds.h"

#include <algorithm>

namespace postrider::quota {

namespace {

std::uint64_t part(std::uint64_t used, std::uint64_t limit) noexcept {
  if (limit == 0) return 0;
  constexpr std::uint64_t kMost = 1000;
  // What would not fit into 64 bits has room for a rounding.
  const std::uint64_t whole = used / limit;
  if (whole >= kMost / 100) return kMost;
  const std::uint64_t rest = used % limit;
  const std::uint64_t hundredths =
      limit > UINT64_MAX / 100 ? rest / (limit / 100) : rest * 100 / limit;
  return whole * 100 + std::min<std::uint64_t>(hundredths, 99);
}

}  // namespace

std::uint64_t percent_of(const Amount& used, const Amount& limit) noexcept {
  return std::max(part(used.octets, limit.octets), part(used.messages, limit.messages));
}

std::uint64_t highest_reached(std::span<const std::uint64_t> thresholds,
                              std::uint64_t percent) noexcept {
  std::uint64_t highest = 0;
  for (const std::uint64_t one : thresholds)
    if (one <= percent) highest = std::max(highest, one);
  return highest;
}

Telling telling(std::span<const std::uint64_t> thresholds, std::uint64_t told, std::uint64_t before,
                std::uint64_t after) noexcept {
  const std::uint64_t standing =
      std::min(told, highest_reached(thresholds, before + kThresholdMargin));
  const std::uint64_t reached = std::max(standing, highest_reached(thresholds, after));
  return {reached, reached > standing};
}

}  // namespace postrider::quota
