#include "smtpd/checks/header.h"

#include <fmt/format.h>

#include "common/base/ascii.h"

namespace postrider::smtpd::checks {

HeaderCheck::HeaderCheck(HeaderLimits limits)
    : limits_(limits), scanner_([this](std::string_view name, std::string_view value) {
        if (equals_ignoring_case(name, "Received")) ++received_;
        if (!equals_ignoring_case(name, "TLS-Required")) return;
        ++tls_required_;
        if (equals_ignoring_case(value, "No")) ++tls_required_no_;
      }) {}

std::optional<smtp::Reply> HeaderCheck::feed(std::string_view content) {
  if (scanner_.done()) return std::nullopt;
  const std::uint64_t before = scanner_.octets();
  scanner_.feed(content);
  is_ascii_ = is_ascii_ && is_all_ascii(content.substr(0, scanner_.octets() - before));
  return judge();
}

std::optional<smtp::Reply> HeaderCheck::finish() {
  scanner_.finish();
  return judge();
}

std::optional<smtp::Reply> HeaderCheck::judge() const {
  if (scanner_.octets() > limits_.octets)
    return smtp::Reply{552, "5.3.4",
                       fmt::format("the header is longer than {} octets", limits_.octets)};
  if (received_ >= limits_.received)
    return smtp::Reply{554, "5.4.6",
                       fmt::format("mail loop: {} Received fields or more", limits_.received)};
  return std::nullopt;
}

}  // namespace postrider::smtpd::checks
