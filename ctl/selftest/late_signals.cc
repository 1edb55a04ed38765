#include "ctl/selftest/late_signals.h"

#include <algorithm>
#include <array>

namespace postrider::ctl {

namespace {

constexpr std::array kLate{SIGINT, SIGTERM, SIGHUP};

}  // namespace

LateSignals::LateSignals() noexcept {
  sigemptyset(&late_);
  for (const int number : kLate) sigaddset(&late_, number);
  ::pthread_sigmask(SIG_BLOCK, &late_, &before_);
}

LateSignals::~LateSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

bool LateSignals::is_any() const noexcept {
  sigset_t waiting{};
  sigpending(&waiting);
  return std::any_of(kLate.begin(), kLate.end(),
                     [&](int number) { return sigismember(&waiting, number) == 1; });
}

}  // namespace postrider::ctl
