// ticket_keys.h - the keys that seal session tickets (RFC 5077, RFC 8446 section 4.6.1).
//
// All are derived from one secret and the time. Made before the workers are forked, it lets each
// worker open the tickets of the others, and change keys when they do, without a word between them.
#pragma once

#include <array>
#include <cstdint>
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

  // Valid until the next call, as what find() gives.
  const Key& current(WallTime now) { return of(period_of(now)); }
  // The key of that name, or null when its time is over.
  const Key* find(std::span<const unsigned char, kNameSize> name, WallTime now);

 private:
  static std::int64_t period_of(WallTime now);
  const Key& of(std::int64_t period);
  Key derive(std::int64_t period) const;
  void derive(std::string_view purpose, std::int64_t period, std::span<unsigned char> to) const;

  struct Derived {
    std::int64_t period = -1;
    Key key;
  };

  std::array<unsigned char, kKeySize> secret_{};
  std::array<Derived, 2> derived_;  // of this period and the last
};

}  // namespace postrider::net
