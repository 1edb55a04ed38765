// monotonic_clock.cc - the C library's clock_gettime(), as this executable and the shared libraries
// that it loads see it. The dynamic linker takes the executable's before libc's.
#include "tests/unit/monotonic_clock.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <ctime>

namespace {

std::atomic<std::int64_t> ahead_ns{0};

}  // namespace

namespace postrider::test {

void pass_time(std::chrono::microseconds time) {
  ahead_ns += std::chrono::nanoseconds(time).count();
}

}  // namespace postrider::test

extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept {
  const auto done = static_cast<int>(::syscall(SYS_clock_gettime, clock, now));
  const bool monotonic = clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE;
  if (done != 0 || !monotonic) return done;
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t total = now->tv_sec * kSecond + now->tv_nsec + ahead_ns;
  *now = {.tv_sec = total / kSecond, .tv_nsec = total % kSecond};
  return done;
}
