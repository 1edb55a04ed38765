// ticket_keys.h - the keys that seal session tickets (RFC 5077, RFC 8446 section 4.6.1).
//
// All are derived from one secret and the time. Made before the workers are forked, it lets each
// worker open the tickets of the others, and change keys when they do, without a word between them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "common/base/clock.h"

namespace postrider::net {

class TicketKeys {
 public:
  // A ticket is sealed with the key of its period, and opened until the next period is over.
  static constexpr std::chrono::hours kPeriod{2};
  static constexpr std::size_t kNameSize = 16;
  static constexpr std::size_t kKeySize = 32;

  struct Key {
    ~Key();  // leaves nothing in memory
    std::array<unsigned char, kNameSize> name{};
    std::array<unsigned char, kKeySize> cipher{};
    std::array<unsigned char, kKeySize> mac{};
  };

  // Throws std::runtime_error if the system has no randomness.
  TicketKeys();
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  Key current(WallTime now) const { return derive(period_of(now)); }
  // The key of that name, if its time is not over.
  std::optional<Key> find(std::span<const unsigned char, kNameSize> name, WallTime now) const;

 private:
  static std::int64_t period_of(WallTime now);
  Key derive(std::int64_t period) const;
  void derive(std::string_view purpose, std::int64_t period, std::span<unsigned char> to) const;

  std::array<unsigned char, kKeySize> secret_{};
};

}  // namespace postrider::net
