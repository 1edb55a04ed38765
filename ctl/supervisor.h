// supervisor.h - the whole suite in the foreground: starts the daemons and keeps them alive.
//
// Each daemon is a child that dies with this process. It tells that it is ready as it would tell
// systemd (sd_notify), over a datagram socket of its own in the run directory.
//
//   starting  a daemon that ends before all are ready ends the whole: its message stands on
//   standard
//             error already, and what was wrong at the start is still wrong a second later
//   ready     on_ready ran once; a daemon that ends is started again, later and later while it
//   keeps
//             dying young
//   stopping  SIGTERM or SIGINT came: all get SIGTERM, and SIGKILL after kGrace
//
// SIGHUP is passed on to all, once on_reload ran.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "common/base/fd.h"
#include "common/base/result.h"
#include "common/base/unique_function.h"
#include "common/event/event_loop.h"
#include "common/log/log.h"

namespace postrider::ctl {

struct Program {
  std::string name;                    // "deliverd@local": in the log and of its socket
  std::vector<std::string> arguments;  // the executable's path first
};

class Supervisor {
 public:
  static constexpr std::chrono::seconds kGrace{15};
  static constexpr std::chrono::milliseconds kMinBackoff{100};
  static constexpr std::chrono::seconds kMaxBackoff{30};
  // A daemon that lived this long died of something new.
  static constexpr std::chrono::seconds kHealthyLife{60};
  // Everything is ready after this long, or the start has failed.
  static constexpr std::chrono::seconds kStartTime{60};

  Supervisor(std::vector<Program> programs, std::string run_directory, log::Logger& log,
             UniqueFunction<void()> on_ready, UniqueFunction<void()> on_reload);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Runs the suite until a signal ends it. 0, or the exit status of a daemon that did not start.
  int run();

 private:
  enum class Phase : std::uint8_t { starting, ready, stopping };
  struct Daemon;

  Result<void> open_notify_socket(Daemon& daemon);
  void start(Daemon& daemon);
  void notified(Daemon& daemon);
  void reap();
  void ended(Daemon& daemon, int status);
  void stop(int exit_status);
  void signal_all(int number);
  bool any_running() const noexcept;

  const std::string run_directory_;
  log::Logger& log_;
  UniqueFunction<void()> on_ready_;
  UniqueFunction<void()> on_reload_;
  event::EventLoop loop_;
  std::vector<std::unique_ptr<Daemon>> daemons_;
  Phase phase_ = Phase::starting;
  int exit_status_ = 0;
  event::Timer start_timer_;
  event::Timer kill_timer_;
};

}  // namespace postrider::ctl
