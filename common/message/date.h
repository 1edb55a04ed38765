// date.h - times as header fields write them. RFC 5322 section 3.3.
#pragma once

#include <string>

#include "common/base/clock.h"

namespace postrider::message {

// "Sat, 21 Nov 2026 20:38:18 +0000": in UTC, so that no process needs the time zone's files.
std::string rfc5322_date(WallTime time);

}  // namespace postrider::message
