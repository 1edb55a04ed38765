// keepings.h - how long the mailboxes of the directory keep messages: what pop3d asks for those
// that nobody opens.
//
// An interface, as Directory is. Who cannot answer gives an Error of kind temporary: nothing may be
// removed then.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/pending.h"
#include "common/base/result.h"
#include "common/base/unique_function.h"

namespace postrider::directory {

// For how many days a mailbox keeps messages; nothing: as configured.
struct Keeping {
  std::optional<std::uint32_t> retention;  // 0: for ever
  std::optional<std::uint32_t> trash;      // those that were deleted; 0: there is no trash
};

// What holds for a mailbox, where the configuration says `configured`.
constexpr std::chrono::seconds kept_for(std::optional<std::uint32_t> days,
                                        std::chrono::seconds configured) noexcept {
  return days ? std::chrono::hours(24) * *days : configured;
}

class Keepings {
 public:
  Keepings() = default;
  Keepings(const Keepings&) = delete;
  Keepings& operator=(const Keepings&) = delete;
  virtual ~Keepings() = default;

  // `mailbox` is user@domain in lower case. Nothing: there is no such user, or there is none any
  // more. A user who is disabled or has expired is one.
  [[nodiscard]] virtual PendingPtr find_keeping(
      std::string_view mailbox, UniqueFunction<void(Result<std::optional<Keeping>>)> done) = 0;
};

}  // namespace postrider::directory
