#include "common/event/prefork.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <poll.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <vector>

#include "common/base/fd.h"
#include "common/event/upgrade.h"

namespace postrider::event {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

struct Slot {
  pid_t pid = 0;  // 0: not running
  Pulse pulse = {};
  std::uint64_t last_count = 0;  // of its pulse
  unsigned still = 0;            // for so many looks it was the same
  bool is_hung = false;          // and it was told to end
  SteadyTime started;
  SteadyTime start_at;  // when a slot that does not run is to be started
  std::chrono::milliseconds backoff{0};
};

// Of before a reload, finishing its sessions.
struct Retired {
  pid_t pid = 0;
  int next_signal = SIGTERM;          // SIGTERM, then SIGKILL
  std::optional<SteadyTime> next_at;  // empty: it was killed
};

// A process that is woken by what another gives it interrupts the giver, and then finds one thing
// to do at a time. As a batch process it waits for its turn, and a turn of the loop takes all that
// has gathered: on two cores a quarter more messages a second. What the service manager chose
// otherwise stays; should the call fail, only speed is lost.
void prefer_throughput() noexcept {
  const sched_param none{};
  if (::sched_getscheduler(0) == SCHED_OTHER) ::sched_setscheduler(0, SCHED_BATCH, &none);
}

class Parent {
 public:
  Parent(Prefork& plan, log::Logger& log) : plan_(plan), log_(log), slots_(plan.workers) {
    sigemptyset(&signals_);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&signals_, number);
    sigprocmask(SIG_BLOCK, &signals_, &before_);
    // Where the program that this was before has blocked them (upgrade.h).
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigdelset(&before_, number);
    signal_fd_ = Fd(::signalfd(-1, &signals_, SFD_CLOEXEC));
  }

  int run() {
    raise_descriptor_limit();
    for (const pid_t worker : take_earlier_workers()) retired_.push_back({worker, SIGTERM, {}});
    reap();  // those that ended while no program looked
    start_due();
    for (Retired& old : retired_) retire(old);
    sd_notify(0, "READY=1");
    while (!stopping_ || running() > 0) {
      if (stopping_ && now() >= kill_at_) signal_all(SIGKILL);
      end_overdue();
      wait_for_signal();
      if (now() >= look_at_) look_at_workers();
      start_due();
    }
    return EXIT_SUCCESS;
  }

 private:
  // The soft limit of a login is 1,024; what the system allows is the hard one.
  void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
      log_.warning("descriptor_limit_not_raised").with("limit", limit.rlim_max);
  }

  static SteadyTime now() { return std::chrono::steady_clock::now(); }

  std::size_t running() const {
    return retired_.size() +
           static_cast<std::size_t>(std::count_if(slots_.begin(), slots_.end(),
                                                  [](const Slot& s) { return s.pid != 0; }));
  }

  bool may_start() const { return !stopping_ && (!plan_.one_generation || retired_.empty()); }

  void start_due() {
    if (!may_start()) return;
    for (std::size_t i = 0; i < slots_.size(); ++i)
      if (slots_[i].pid == 0 && now() >= slots_[i].start_at) start(static_cast<unsigned>(i));
  }

  void start(unsigned number) {
    log_.flush();
    slots_[number].pulse.reset();
    slots_[number].still = 0;
    slots_[number].is_hung = false;
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
      log_.error("worker_not_started").with("worker", number).with("reason", "fork failed");
      slots_[number].start_at = now() + Prefork::kMaxBackoff;
      return;
    }
    if (pid == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGTERM);
      if (::getppid() != parent) std::_Exit(EXIT_FAILURE);
      signal_fd_.reset();
      for (const int of_the_group : {SIGINT, SIGHUP}) std::signal(of_the_group, SIG_IGN);
      sigprocmask(SIG_SETMASK, &before_, nullptr);
      prefer_throughput();
      const int status = plan_.worker(number, slots_[number].pulse);
      log_.flush();
      std::_Exit(status);
    }
    slots_[number].pid = pid;
    slots_[number].started = now();
  }

  // Until a signal, the next start that is due, the end of grace, or the next look.
  void wait_for_signal() {
    SteadyTime wake = look_at_;
    if (stopping_) wake = std::min(wake, kill_at_);
    for (const Retired& old : retired_) wake = std::min(wake, old.next_at.value_or(wake));
    for (const Slot& slot : slots_)
      if (may_start() && slot.pid == 0) wake = std::min(wake, slot.start_at);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(wake - now()).count();
    pollfd waiting{.fd = signal_fd_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, static_cast<int>(std::clamp<long long>(left, 0, 1'000'000))) <= 0)
      return;
    signalfd_siginfo info{};
    if (::read(signal_fd_.get(), &info, sizeof info) != ssize_t{sizeof info}) return;
    switch (info.ssi_signo) {
      case SIGCHLD: return reap();
      case SIGHUP: return reload();
      default: return stop();
    }
  }

  void retire(Retired& old) const {
    ::kill(old.pid, plan_.retirement.count() > 0 ? SIGUSR1 : SIGTERM);
    old.next_signal = plan_.retirement.count() > 0 ? SIGTERM : SIGKILL;
    old.next_at = now() + (plan_.retirement.count() > 0 ? plan_.retirement
                                                        : std::chrono::seconds(Prefork::kGrace));
  }

  // What a worker holds that hangs, its successor waits for.
  void end_overdue() {
    for (Retired& old : retired_) {
      if (!old.next_at || now() < *old.next_at) continue;
      ::kill(old.pid, old.next_signal);
      old.next_at.reset();
      if (old.next_signal == SIGTERM) old.next_at = now() + Prefork::kGrace;
      old.next_signal = SIGKILL;
    }
  }

  void look_at_workers() {
    look_at_ = now() + plan_.look;
    sd_notify(0, "WATCHDOG=1");
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      Slot& slot = slots_[i];
      const std::uint64_t count = slot.pulse.count();
      slot.still = slot.pid != 0 && count > 0 && count == slot.last_count ? slot.still + 1 : 0;
      slot.last_count = count;
      if (slot.still * plan_.look < plan_.hung) continue;
      log_.error("worker_hangs")
          .with("worker", i)
          .with("pid", slot.pid)
          .with("milliseconds", plan_.hung.count())
          .with("mending", "it is ended, and started again");
      // One that is stopped, or whose core cannot be written, is there at the next look.
      ::kill(slot.pid, slot.is_hung ? SIGKILL : SIGABRT);
      slot.is_hung = true;
    }
  }

  void reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (std::erase_if(retired_, [&](const Retired& old) { return old.pid == pid; }) > 0) continue;
      for (std::size_t i = 0; i < slots_.size(); ++i)
        if (slots_[i].pid == pid) ended(i, status);
    }
  }

  void ended(std::size_t number, int status) {
    Slot& slot = slots_[number];
    slot.pid = 0;
    if (stopping_) return;
    const bool young = now() - slot.started < Prefork::kHealthyLife;
    slot.backoff = young ? std::clamp<std::chrono::milliseconds>(
                               slot.backoff * 2, Prefork::kMinBackoff, Prefork::kMaxBackoff)
                         : std::chrono::milliseconds{0};
    slot.start_at = now() + slot.backoff;
    log::Entry line = log_.error("worker_died");
    line.with("worker", number)
        .with("status", WIFEXITED(status) ? WEXITSTATUS(status) : 0)
        .with("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0)
        .with("restart_in_ms", slot.backoff.count());
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
      line.with("reason", "it made a system call that the sandbox forbids")
          .with("mending", "somebody may have taken it over: the kernel's log has the call");
  }

  void reload() {
    if (stopping_ || !plan_.on_reload) return;
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
               static_cast<long long>(
                   std::chrono::duration_cast<std::chrono::microseconds>(now().time_since_epoch())
                       .count()));
    if (is_program_replaced()) {
      upgrade();
    } else if (plan_.on_reload()) {
      renew();
    }
    sd_notify(0, "READY=1");
  }

  void renew() {
    std::vector<Slot> before(plan_.workers);
    before.swap(slots_);
    std::vector<Retired> leaving;
    for (const Slot& slot : before)
      if (slot.pid != 0) leaving.push_back({slot.pid, SIGTERM, {}});
    if (!plan_.one_generation) start_due();
    for (Retired& old : leaving) retire(old);
    retired_.insert(retired_.end(), leaving.begin(), leaving.end());
  }

  // Where the new program refuses to start, all stays as it is.
  void upgrade() {
    const std::vector<int> sockets = plan_.listening ? plan_.listening() : std::vector<int>{};
    if (const auto right = check_new_program(sockets); !right) {
      log_.error("not_upgraded").with("reason", right.error().text);
      return;
    }
    std::vector<pid_t> workers;
    for (const Slot& slot : slots_)
      if (slot.pid != 0) workers.push_back(slot.pid);
    for (const Retired& old : retired_) workers.push_back(old.pid);
    log_.info("upgrading").with("workers", workers.size());
    log_.flush();
    const Error why = become_new_program(sockets, workers);
    log_.error("not_upgraded").with("reason", why.text);
    log_.flush();
    std::_Exit(EXIT_FAILURE);  // its descriptors are no more what they were
  }

  void stop() {
    if (stopping_) return;
    stopping_ = true;
    sd_notify(0, "STOPPING=1");
    kill_at_ = now() + Prefork::kGrace;
    signal_all(SIGTERM);
  }

  void signal_all(int number) {
    for (const Slot& slot : slots_)
      if (slot.pid != 0) ::kill(slot.pid, number);
    for (const Retired& old : retired_) ::kill(old.pid, number);
  }

  Prefork& plan_;
  log::Logger& log_;
  std::vector<Slot> slots_;
  std::vector<Retired> retired_;
  sigset_t signals_{};
  sigset_t before_{};
  Fd signal_fd_;
  SteadyTime kill_at_;
  SteadyTime look_at_{};
  bool stopping_ = false;
};

}  // namespace

int Prefork::run(log::Logger& log) { return Parent(*this, log).run(); }

}  // namespace postrider::event
