// queue_advice.h - what an operator can do about mail that waits, by the cause. Pure.
#pragma once

#include <string_view>

namespace postrider::ctl {

// `cause`: QueueReason::name. Whole sentences; what stands between backticks is to be typed.
std::string_view advice_on(std::string_view cause) noexcept;

}  // namespace postrider::ctl
