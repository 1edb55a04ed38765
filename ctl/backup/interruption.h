// interruption.h - Ctrl-C, SIGTERM and the end of a terminal, while a backup or a restore is made:
// it ends at the next block or entry, and takes away what it made as after any other failure.
#pragma once

#include <array>
#include <csignal>

#include "common/base/result.h"

namespace postrider::ctl::backup {

// While it lives these signals are noted. One at a time.
class Interruption {
 public:
  Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  ~Interruption();

  // temporary, once one of them came.
  static Result<void> none();

 private:
  static constexpr std::array<int, 3> kSignals{SIGINT, SIGTERM, SIGHUP};

  std::array<struct sigaction, kSignals.size()> before_{};
};

}  // namespace postrider::ctl::backup
