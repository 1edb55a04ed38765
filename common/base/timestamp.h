// timestamp.h - times as people and programs exchange them (RFC 3339).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"

namespace postrider {

// "2026-11-21T20:38:18Z": whole seconds, in UTC.
std::string to_timestamp(WallTime time);

// RFC 3339 section 5.6: date-time, in any offset; a fraction of a second is dropped. Nothing where
// `text` is none.
std::optional<WallTime> parse_timestamp(std::string_view text);

}  // namespace postrider
