#include "common/base/domain_name.h"

#include <algorithm>

#include "common/base/ascii.h"

namespace postrider {

namespace {

constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxLabel = 63;

bool is_label(std::string_view label) noexcept {
  return !label.empty() && label.size() <= kMaxLabel && is_alnum(label.front()) &&
         is_alnum(label.back()) &&
         std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-'; });
}

}  // namespace

bool is_domain_name(std::string_view text) noexcept {
  if (text.size() > kMaxName) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (!is_label(label)) return false;
    // No top-level domain is all digits (RFC 3696 section 2): this is an address.
    if (dot == std::string_view::npos) return !std::all_of(label.begin(), label.end(), is_digit);
    text.remove_prefix(dot + 1);
  }
}

}  // namespace postrider
