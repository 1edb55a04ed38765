// late_signals.h - SIGINT, SIGTERM and SIGHUP while something is to be tidied up first: they come
// when this is gone. Of the thread that made it, and of threads that it starts.
#pragma once

#include <csignal>

namespace postrider::ctl {

class LateSignals {
 public:
  LateSignals() noexcept;
  LateSignals(const LateSignals&) = delete;
  LateSignals& operator=(const LateSignals&) = delete;
  // Those that came end the process here, unless it does something else with them.
  ~LateSignals();

  // Whether one waits: what takes time should end.
  bool is_any() const noexcept;

 private:
  sigset_t late_{};
  sigset_t before_{};
};

}  // namespace postrider::ctl
