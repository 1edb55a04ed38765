// open_at_start.h - what processes share is opened once, when a worker starts: what stands in the
// way for a moment, as a full file system or another process's lock does, is waited for. A worker
// would count for itself alone until it ends, and no loop stands still yet.
#pragma once

#include <chrono>
#include <thread>

#include "common/base/result.h"

namespace postrider::limits {

inline constexpr std::chrono::milliseconds kOpenPause{100};
inline constexpr unsigned kOpenTries = 30;

inline void sleep(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

// Calls `open` until it gives something else than a temporary Error, at most kOpenTries times, and
// `pause` with kOpenPause in between. Gives what came last.
template <typename Open, typename Pause = void (*)(std::chrono::milliseconds)>
auto open_at_start(Open open, Pause pause = sleep) {
  auto opened = open();
  for (unsigned tries = 1; tries < kOpenTries; ++tries) {
    if (opened || opened.error().kind != ErrorKind::temporary) break;
    pause(kOpenPause);
    opened = open();
  }
  return opened;
}

}  // namespace postrider::limits
