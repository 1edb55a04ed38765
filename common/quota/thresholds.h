// thresholds.h - when the user of a mailbox is told how full it is: once each time it comes to one
// of the configured percentages of its quota, and not again until it was below it by a margin.
#pragma once

#include <cstdint>
#include <span>

#include "common/quota/amount.h"

namespace postrider::quota {

inline constexpr std::uint64_t kThresholdMargin = 5;

// How much of `limit` is used, of octets or of messages, whichever is more; rounded down.
std::uint64_t percent_of(const Amount& used, const Amount& limit) noexcept;

// What counts as told of from now on, 0: nothing; and whether it is to be told now. `told`: what
// counted so far; `before` and `after`: a delivery, in percent.
struct Telling {
  std::uint64_t told = 0;
  bool now = false;
  bool operator==(const Telling&) const = default;
};
Telling telling(std::span<const std::uint64_t> thresholds, std::uint64_t told, std::uint64_t before,
                std::uint64_t after) noexcept;

// What counts as told of where nobody knows: what was reached before.
std::uint64_t highest_reached(std::span<const std::uint64_t> thresholds,
                              std::uint64_t percent) noexcept;

}  // namespace postrider::quota
