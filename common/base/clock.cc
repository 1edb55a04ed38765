#include "common/base/clock.h"

namespace postrider {

WallTime SystemClock::now() const noexcept {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

SteadyClock::SteadyClock()
    : began_(SystemClock().now()), began_steady_(std::chrono::steady_clock::now()) {}

WallTime SteadyClock::now() const noexcept {
  return began_ + std::chrono::floor<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                                began_steady_);
}

}  // namespace postrider
