#include "queued/pause.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/domain_name.h"
#include "common/config/next_hops.h"
#include "common/smtp/address.h"

namespace postrider::queued {

namespace {

constexpr std::string_view kDomain = "domain:";
constexpr std::string_view kMx = "mx:";

std::optional<std::string> next_hop_named(std::string_view text, std::uint64_t port) {
  if (text.starts_with(kMx)) {
    const std::string_view domain = text.substr(kMx.size());
    if (is_domain_name(domain) || smtp::is_address_literal(domain)) return to_lower(text);
  } else if (text != "mx" && config::is_next_hop(text)) {  // of each domain another
    return config::next_hop_by(text, port);
  }
  return std::nullopt;
}

// Of a [[route]] that names several: of all of them, in their order.
std::optional<std::string> next_hops_named(std::string_view text, std::uint64_t port) {
  std::string all;
  while (true) {
    const std::size_t comma = text.find(',');
    const auto one = next_hop_named(text.substr(0, comma), port);
    if (!one) return std::nullopt;
    all += *one;
    if (comma == std::string_view::npos) return all;
    all += ',';
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

Reason Pause::told_to_recipients() const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since).time_since_epoch().count();
  // RFC 3463 section 3.4: X.3.2 is a system that does not take messages, as an administrator says.
  return {"4.3.2", fmt::format("paused by the operator since {:%Y-%m-%d %H:%M} UTC",
                               fmt::gmtime(static_cast<std::time_t>(seconds)))};
}

std::optional<std::string> destination_named(std::string_view text, std::uint64_t port) {
  if (text == "local") return std::string(text);
  if (is_domain_name(text)) return destination_of_domain(text);
  return next_hops_named(text, port);
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
