#include "common/smtp/notify.h"

#include <algorithm>
#include <array>

#include "common/base/ascii.h"

namespace postrider::smtp {

namespace {

constexpr std::string_view kNever = "NEVER";

struct Event {
  std::string_view keyword;
  bool Notify::*member;
};
constexpr std::array<Event, 3> kEvents{{
    {"SUCCESS", &Notify::success},
    {"FAILURE", &Notify::failure},
    {"DELAY", &Notify::delay},
}};

}  // namespace

std::optional<Notify> parse_notify(std::string_view value) {
  Notify notify{.success = false, .failure = false, .delay = false};
  if (equals_ignoring_case(value, kNever)) return notify;
  while (true) {
    const std::size_t comma = value.find(',');
    const std::string_view word = value.substr(0, comma);
    const auto* const event = std::find_if(
        kEvents.begin(), kEvents.end(),
        [&](const Event& candidate) { return equals_ignoring_case(candidate.keyword, word); });
    if (event == kEvents.end()) return std::nullopt;
    notify.*event->member = true;
    if (comma == std::string_view::npos) return notify;
    value.remove_prefix(comma + 1);
  }
}

std::string to_value(const Notify& notify) {
  std::string value;
  for (const Event& event : kEvents) {
    if (!(notify.*event.member)) continue;
    if (!value.empty()) value += ',';
    value += event.keyword;
  }
  return value.empty() ? std::string(kNever) : value;
}

}  // namespace postrider::smtp
