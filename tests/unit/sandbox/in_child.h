// in_child.h - what a confined process can do, told by its end: there is no way back from a
// sandbox.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "common/sandbox/sandbox.h"

namespace postrider::sandbox {

inline constexpr int kNotConfined = 250;

// What `act`, run by a confined child, returns: 0 to 200; or minus the signal that killed it.
template <typename Act>
int in_child(const Confinement& confinement, Act act) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (!confine(confinement, "on")) std::_Exit(kNotConfined);
    std::_Exit(act());
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

// 0, or the errno of a call that has failed.
inline int outcome(long returned) { return returned < 0 ? errno : 0; }

}  // namespace postrider::sandbox
