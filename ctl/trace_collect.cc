#include "ctl/trace_collect.h"

#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include <sched.h>

#include <csignal>
#include <ctime>
#include <optional>
#include <utility>

#include "common/config/daemon.h"
#include "common/log/condition.h"
#include "common/trace/collector.h"
#include "ctl/context.h"

namespace postrider::ctl {

namespace {

constexpr int kLeastPriority = 19;

// Should it fail, only others are slower.
void step_back() {
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, kLeastPriority));
  const sched_param none{};
  static_cast<void>(::sched_setscheduler(0, SCHED_BATCH, &none));
}

// False: `most` is over.
bool wait_for(const sigset_t& signals, std::chrono::seconds most) {
  const timespec time{.tv_sec = most.count(), .tv_nsec = 0};
  return ::sigtimedwait(&signals, nullptr, &time) > 0;
}

class Collecting {
 public:
  Collecting(config::Settings settings, log::Logger& log, const Clock& clock)
      : settings_(std::move(settings)),
        clock_(clock),
        failing_(
            log, clock,
            {"trace_not_collected", "trace_collected_again",
             "postrider trace is slow, and when trace.buffer_size is reached events are lost"}) {}

  // True: there is more to do at once.
  bool turn() {
    auto more = collect();
    if (more) {
      failing_.passed();
      return *more;
    }
    failing_.holds(more.error().text);
    collector_.reset();
    return false;
  }

  void configure(config::Settings settings) {
    settings_ = std::move(settings);
    collector_.reset();
  }

 private:
  Result<bool> collect() {
    if (!collector_) {
      auto opened = trace::Collector::open(settings_, clock_);
      if (!opened) return pass_on(opened.error());
      collector_.emplace(std::move(*opened));
    }
    return collector_->collect(kCollectFor);
  }

  config::Settings settings_;
  const Clock& clock_;
  log::Condition failing_;
  std::optional<trace::Collector> collector_;
};

}  // namespace

void collect_trace(Context& context) {
  auto settings = context.settings();
  if (!settings) return;
  sigset_t hangup;
  sigemptyset(&hangup);
  sigaddset(&hangup, SIGHUP);
  sigprocmask(SIG_BLOCK, &hangup, nullptr);
  step_back();
  const SystemClock clock;
  log::Logger log = config::open_log("trace", *settings, clock);
  Collecting collecting(std::move(*settings), log, clock);
  sd_notify(0, "READY=1");
  while (true) {
    const bool more = collecting.turn();
    sd_notify(0, "WATCHDOG=1");
    if (!wait_for(hangup, more ? std::chrono::seconds{0} : kCollectEvery)) continue;
    // What is wrong with it is told; the old one stays.
    if (auto changed = context.settings()) collecting.configure(std::move(*changed));
  }
}

}  // namespace postrider::ctl
