// suggest.h - what somebody who mistyped a name probably meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace postrider::config {

// The one of `names` that differs from `name` in the fewest letters (inserted, removed or
// replaced), or "" if none is near: more than a third of its letters wrong. For names of at most
// 100 octets.
std::string_view nearest(std::string_view name, std::span<const std::string_view> names);

// "; did you mean `smtpd.workers`?", or "" if nothing is near.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> names);

}  // namespace postrider::config
