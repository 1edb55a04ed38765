// exit_status.h - what the command's exit status means, for scripts.
#pragma once

#include "common/base/result.h"

namespace postrider::ctl {

enum class ExitStatus : int {
  done = 0,
  refused = 1,  // refused, or not found
  usage = 2,
  unreachable = 69,  // a daemon does not answer
  try_again = 75,
  configuration = 78,
};

constexpr ExitStatus status_of(ErrorKind kind) noexcept {
  return kind == ErrorKind::temporary ? ExitStatus::try_again : ExitStatus::refused;
}

}  // namespace postrider::ctl
