// prefork.h - the parent of a daemon: keeps N workers alive.
//
// The parent holds what must outlive a worker (listening sockets) and does nothing else, so there
// is nothing in it to crash. A worker that dies is started again, at once the first time, later and
// later (to kMaxBackoff) while it keeps dying young.
//
//   SIGTERM, SIGINT  workers get SIGTERM and kGrace to finish, then SIGKILL; run() returns
//   SIGHUP           `on_reload`; if it says true, new workers start, and the old retire: they get
//                    SIGUSR1 and `retirement` to see their sessions to the end, then SIGTERM and
//                    kGrace, then SIGKILL. Where the program itself was replaced, this process
//                    becomes the new one (upgrade.h), and the old workers retire likewise
//
// The service manager hears of each by sd_notify(3), and while this process lives, WATCHDOG=1; a
// worker whose loop does not turn is ended and started again (pulse.h).
//
// A terminal sends SIGINT and SIGHUP to the whole process group: workers ignore both, and hear from
// their parent what is to be done.
#pragma once

#include <chrono>
#include <vector>

#include "common/base/unique_function.h"
#include "common/event/pulse.h"
#include "common/log/log.h"

namespace postrider::event {

struct Prefork {
  static constexpr std::chrono::seconds kGrace{10};
  static constexpr std::chrono::milliseconds kMinBackoff{100};
  static constexpr std::chrono::seconds kMaxBackoff{30};
  // A worker that lived this long died of something new.
  static constexpr std::chrono::seconds kHealthyLife{60};

  unsigned workers = 1;
  // On a reload the new workers start when the old have ended: what a worker counts no other may
  // count beside it.
  bool one_generation = false;
  // 0: who retires gets SIGTERM at once.
  std::chrono::seconds retirement{0};
  // How often the parent looks whether the loops turn, and for how long one may stand still.
  std::chrono::milliseconds look{Pulse::kBeat};
  std::chrono::milliseconds hung{Pulse::kHung};
  // Runs in the forked worker and returns its exit status; sees SIGTERM and SIGUSR1 as any process
  // does, but neither SIGINT nor SIGHUP. The kernel sends it SIGTERM when the parent dies.
  // Scheduled as SCHED_BATCH. Its loop is to have a Heartbeat of `pulse`.
  UniqueFunction<int(unsigned number, Pulse pulse)> worker;
  // Runs in the parent. May change `workers` through its own reference to this object.
  UniqueFunction<bool()> on_reload;
  // What the next release goes on listening on. Empty: nothing.
  UniqueFunction<std::vector<int>()> listening;

  // Raises the soft limit of descriptors to the hard one, forks the workers, tells the service
  // manager (sd_notify READY=1), and returns the exit status when the last worker is gone. Call
  // before any thread was started.
  int run(log::Logger& log);
};

}  // namespace postrider::event
