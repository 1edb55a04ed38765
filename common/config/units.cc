#include "common/config/units.h"

#include <array>
#include <charconv>
#include <limits>
#include <span>

#include <fmt/format.h>

namespace postrider::config {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first.
constexpr std::array kSizes{Unit{"TiB", 1ULL << 40U}, Unit{"GiB", 1ULL << 30U},
                            Unit{"MiB", 1ULL << 20U}, Unit{"KiB", 1ULL << 10U}, Unit{"B", 1},
                            // Read, never written.
                            Unit{"GB", 1'000'000'000}, Unit{"MB", 1'000'000}, Unit{"kB", 1'000},
                            Unit{"KB", 1'000}};
constexpr std::size_t kWrittenSizes = 5;

// In milliseconds.
constexpr std::array kDurations{Unit{"w", 604'800'000}, Unit{"d", 86'400'000}, Unit{"h", 3'600'000},
                                Unit{"m", 60'000},      Unit{"s", 1'000},      Unit{"ms", 1}};

// In seconds.
constexpr std::array kPeriods{Unit{"/s", 1}, Unit{"/m", 60}, Unit{"/h", 3'600}, Unit{"/d", 86'400}};

constexpr std::uint64_t kMaxSize = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kMaxDuration = 10ULL * 366 * 86'400'000;

std::optional<std::uint64_t> parse(std::string_view text, std::span<const Unit> units,
                                   std::uint64_t maximum) noexcept {
  const std::size_t digits = text.find_first_not_of("0123456789");
  if (digits == std::string_view::npos) return std::nullopt;
  const auto number = parse_count(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const Unit& unit : units)
    if (text.substr(digits) == unit.name)
      return *number <= maximum / unit.factor ? std::optional(*number * unit.factor) : std::nullopt;
  return std::nullopt;
}

// The last of `units` has factor 1.
std::string format(std::uint64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units)
    if (value != 0 && value % unit.factor == 0)
      return fmt::format("{}{}", value / unit.factor, unit.name);
  return fmt::format("0{}", units.back().name);
}

}  // namespace

std::optional<std::uint64_t> parse_count(std::string_view text) noexcept {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
  return parse(text, kSizes, kMaxSize);
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept {
  const auto ms = parse(text, kDurations, kMaxDuration);
  if (!ms) return std::nullopt;
  return std::chrono::milliseconds(*ms);
}

std::string format_size(std::uint64_t octets) {
  return format(octets, std::span(kSizes).first(kWrittenSizes));
}

std::string format_duration(std::chrono::milliseconds duration) {
  if (duration.count() == 0) return "0s";
  return format(static_cast<std::uint64_t>(duration.count()), kDurations);
}

std::optional<Rate> parse_rate(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto count = parse_count(text.substr(0, slash));
  for (const Unit& period : kPeriods)
    if (text.substr(slash) == period.name)
      return count && *count > 0 && *count <= kMaxRate * period.factor
                 ? std::optional(Rate{*count, std::chrono::seconds(period.factor)})
                 : std::nullopt;
  return std::nullopt;
}

std::string format_rate(const Rate& rate) {
  for (const Unit& period : kPeriods)
    if (static_cast<std::uint64_t>(rate.period.count()) == period.factor)
      return fmt::format("{}{}", rate.count, period.name);
  return fmt::format("{}/{}s", rate.count, rate.period.count());
}

}  // namespace postrider::config
