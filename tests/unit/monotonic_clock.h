// monotonic_clock.h - the monotonic clock as the unit tests' process sees it: a test sets it ahead,
// and has waited for a time-out.
#pragma once

#include <chrono>

namespace postrider::test {

// So much time has passed, for every loop from its next turn on.
void pass_time(std::chrono::microseconds time);

}  // namespace postrider::test
