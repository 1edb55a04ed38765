#include "common/base/clock.h"

namespace postrider {

WallTime SystemClock::now() const noexcept {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

}  // namespace postrider
