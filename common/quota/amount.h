// amount.h - what a mailbox holds or may hold, in octets and in messages.
#pragma once

#include <cstdint>
#include <limits>

namespace postrider::quota {

struct Amount {
  std::uint64_t octets = 0;
  std::uint64_t messages = 0;
  bool operator==(const Amount&) const = default;
};

// Nothing is larger than what can be told.
constexpr std::uint64_t saturated_sum(std::uint64_t a, std::uint64_t b) noexcept {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  return a > kMost - b ? kMost : a + b;
}
constexpr Amount operator+(const Amount& a, const Amount& b) noexcept {
  return {saturated_sum(a.octets, b.octets), saturated_sum(a.messages, b.messages)};
}
// Never below nothing.
constexpr Amount operator-(const Amount& a, const Amount& b) noexcept {
  return {a.octets > b.octets ? a.octets - b.octets : 0,
          a.messages > b.messages ? a.messages - b.messages : 0};
}

// Which of both is beyond its limit, octets first. A limit of 0 is none.
enum class Reached : std::uint8_t { nothing, octets, messages };
constexpr Reached reached(const Amount& amount, const Amount& limit) noexcept {
  if (limit.octets > 0 && amount.octets > limit.octets) return Reached::octets;
  if (limit.messages > 0 && amount.messages > limit.messages) return Reached::messages;
  return Reached::nothing;
}
constexpr bool fits(const Amount& amount, const Amount& limit) noexcept {
  return reached(amount, limit) == Reached::nothing;
}
constexpr bool limits_something(const Amount& limit) noexcept {
  return limit.octets > 0 || limit.messages > 0;
}

}  // namespace postrider::quota
