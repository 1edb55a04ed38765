// ages.h - how many messages of a state are how old.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "common/base/clock.h"
#include "common/ipc/messages.pb.h"
#include "queued/message.h"

namespace postrider::queued {

// The bounds between the classes; the last class is of all that are older.
inline constexpr std::array<std::chrono::minutes, 5> kAgeBounds{
    std::chrono::minutes{5}, std::chrono::hours{1}, std::chrono::hours{4}, std::chrono::hours{24},
    std::chrono::hours{72}};

using AgeCounts = std::array<std::uint64_t, kAgeBounds.size() + 1>;

// The class of what came at `arrival`; what comes from the future is young.
std::size_t age_class(WallTime arrival, WallTime now) noexcept;

void describe(const AgeCounts& counts, MessageState state, ipc::AdminReply& reply);

}  // namespace postrider::queued
