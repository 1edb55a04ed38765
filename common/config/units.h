// units.h - how sizes, durations and rates are written: "256KiB", "90s", "10/s".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/config/settings.h"

namespace postrider::config {

// A whole number and B, KiB, MiB, GiB, TiB (powers of 1024) or kB, KB, MB, GB (powers of 1000), in
// octets. Nothing if it is written otherwise or does not fit.
std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;

// A whole number and ms, s, m, h, d or w. Nothing if it is written otherwise or exceeds 10 years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept;

// A whole number without sign. Nothing if it is written otherwise or does not fit.
std::optional<std::uint64_t> parse_count(std::string_view text) noexcept;

// A whole number above 0, at most kMaxRate a second, and /s, /m, /h or /d. Nothing if it is written
// otherwise.
inline constexpr std::uint64_t kMaxRate = 100'000;
std::optional<Rate> parse_rate(std::string_view text) noexcept;

// In the largest unit that divides it: "50MiB", "30m"; what the parsers above read back.
std::string format_size(std::uint64_t octets);
std::string format_duration(std::chrono::milliseconds duration);
// What parse_rate() reads back.
std::string format_rate(const Rate& rate);

}  // namespace postrider::config
