#include "queued/pause.h"

#include <array>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/domain_name.h"

namespace postrider::queued {

namespace {

constexpr std::string_view kDomain = "domain:";
constexpr std::array<std::string_view, 2> kNextHops{"mx:", "smtp:"};

}  // namespace

Reason Pause::told_to_recipients() const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since).time_since_epoch().count();
  // RFC 3463 section 3.4: X.3.2 is a system that does not take messages, as an administrator says.
  return {"4.3.2", fmt::format("paused by the operator since {:%Y-%m-%d %H:%M} UTC{}{}",
                               fmt::gmtime(static_cast<std::time_t>(seconds)),
                               why.empty() ? "" : ": ", why)};
}

std::optional<std::string> destination_named(std::string_view text) {
  if (text == "local") return std::string(text);
  for (const std::string_view scheme : kNextHops)
    if (text.starts_with(scheme) && text.size() > scheme.size()) return std::string(text);
  if (is_domain_name(text)) return destination_of_domain(text);
  return std::nullopt;
}

std::string destination_of_domain(std::string_view domain) {
  return std::string(kDomain) + to_lower(domain);
}

bool is_of_domain(std::string_view destination) noexcept {
  return destination.starts_with(kDomain);
}

std::string_view name_of(std::string_view destination) noexcept {
  return is_of_domain(destination) ? destination.substr(kDomain.size()) : destination;
}

}  // namespace postrider::queued
