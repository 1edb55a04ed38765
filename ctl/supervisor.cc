#include "ctl/supervisor.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <fmt/format.h>

namespace postrider::ctl {

namespace {

// As a shell says that a command cannot be run.
constexpr int kCannotExecute = 126;
constexpr std::size_t kMaxNotice = 4096;

// What the child runs between fork() and its own main(). Signals are blocked: the parent's handlers
// are still in place, and would swallow a SIGTERM that is meant for the program.
[[noreturn]] void become(const Program& program, const std::string& notify_socket, pid_t parent,
                         const sigset_t& mask) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) ::signal(number, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) std::_Exit(EXIT_FAILURE);
  ::setenv("NOTIFY_SOCKET", notify_socket.c_str(), 1);
  std::vector<char*> arguments;
  for (const std::string& argument : program.arguments)
    arguments.push_back(const_cast<char*>(argument.c_str()));  // execv() does not write to them
  arguments.push_back(nullptr);
  ::execv(arguments[0], arguments.data());
  fmt::print(stderr, "{}: {}\n", program.arguments[0], std::strerror(errno));
  std::_Exit(kCannotExecute);
}

}  // namespace

struct Supervisor::Daemon {
  Daemon(event::EventLoop& loop, Program p, UniqueFunction<void()> start)
      : program(std::move(p)), start_timer(loop, std::move(start)) {}

  Program program;
  std::string socket_path;
  Fd notify;
  std::optional<event::Watch> watch;
  event::Timer start_timer;
  pid_t pid = 0;  // 0: does not run
  bool ready = false;
  std::chrono::microseconds started{0};
  std::chrono::milliseconds backoff{0};
};

Supervisor::Supervisor(std::vector<Program> programs, std::string run_directory, log::Logger& log,
                       UniqueFunction<void()> on_ready, UniqueFunction<void()> on_reload)
    : run_directory_(std::move(run_directory)),
      log_(log),
      on_ready_(std::move(on_ready)),
      on_reload_(std::move(on_reload)),
      start_timer_(loop_,
                   [this] {
                     log_.error("start_failed").with("reason", "not every daemon became ready");
                     stop(EXIT_FAILURE);
                   }),
      kill_timer_(loop_, [this] { signal_all(SIGKILL); }) {
  for (Program& program : programs) {
    const std::size_t index = daemons_.size();
    daemons_.push_back(std::make_unique<Daemon>(loop_, std::move(program),
                                                [this, index] { start(*daemons_[index]); }));
  }
}

Supervisor::~Supervisor() {
  for (const auto& daemon : daemons_)
    if (daemon->notify) ::unlink(daemon->socket_path.c_str());
}

int Supervisor::run() {
  const event::Signal child(loop_, SIGCHLD, [this] { reap(); });
  const event::Signal term(loop_, SIGTERM, [this] { stop(EXIT_SUCCESS); });
  const event::Signal interrupt(loop_, SIGINT, [this] { stop(EXIT_SUCCESS); });
  const event::Signal hangup(loop_, SIGHUP, [this] {
    on_reload_();
    signal_all(SIGHUP);
  });
  start_timer_.arm(kStartTime);
  for (const auto& daemon : daemons_) {
    if (const auto opened = open_notify_socket(*daemon); !opened) {
      log_.error("start_failed").with("reason", opened.error().text);
      stop(EXIT_FAILURE);
      break;
    }
    start(*daemon);
  }
  if (any_running()) loop_.run();
  return exit_status_;
}

Result<void> Supervisor::open_notify_socket(Daemon& daemon) {
  daemon.socket_path = fmt::format("{}/notify-{}.sock", run_directory_, daemon.program.name);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (daemon.socket_path.size() >= sizeof address.sun_path)
    return fail(ErrorKind::invalid,
                fmt::format("{}: a socket's path has at most {} octets; choose a shorter paths.run",
                            daemon.socket_path, sizeof address.sun_path - 1));
  std::memcpy(address.sun_path, daemon.socket_path.data(), daemon.socket_path.size());
  ::unlink(daemon.socket_path.c_str());
  daemon.notify = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!daemon.notify ||
      ::bind(daemon.notify.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail_errno(daemon.socket_path, errno);
  daemon.watch.emplace(loop_, daemon.notify.get(), event::Watch::For::reading,
                       [this, &daemon] { notified(daemon); });
  daemon.watch->enable();
  return {};
}

void Supervisor::start(Daemon& daemon) {
  log_.flush();
  std::fflush(stdout);
  const pid_t parent = ::getpid();
  sigset_t all;
  sigset_t mask;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &mask);
  const pid_t pid = ::fork();
  if (pid == 0) become(daemon.program, daemon.socket_path, parent, mask);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  if (pid < 0) {
    log_.error("daemon_not_started")
        .with("daemon", daemon.program.name)
        .with("reason", "fork failed");
    daemon.start_timer.arm(kMaxBackoff);
    return;
  }
  daemon.pid = pid;
  daemon.started = loop_.now();
  log_.debug("daemon_started").with("daemon", daemon.program.name).with("pid", pid);
}

void Supervisor::notified(Daemon& daemon) {
  std::array<char, kMaxNotice> notice{};
  const ssize_t n = ::recv(daemon.notify.get(), notice.data(), notice.size(), 0);
  if (n <= 0) return;
  const std::string_view text(notice.data(), static_cast<std::size_t>(n));
  if (text.find("READY=1") != std::string_view::npos) daemon.ready = true;
  const bool all =
      std::all_of(daemons_.begin(), daemons_.end(), [](const auto& d) { return d->ready; });
  if (phase_ != Phase::starting || !all) return;
  phase_ = Phase::ready;
  start_timer_.disarm();
  on_ready_();
}

void Supervisor::reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;)
    for (const auto& daemon : daemons_)
      if (daemon->pid == pid) ended(*daemon, status);
  if (phase_ == Phase::stopping && !any_running()) loop_.stop();
}

void Supervisor::ended(Daemon& daemon, int status) {
  daemon.pid = 0;
  if (phase_ == Phase::stopping) return;
  const int exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  log::Entry entry = log_.error("daemon_died");
  entry.with("daemon", daemon.program.name).with("status", exit_status);
  entry.with("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  if (phase_ == Phase::starting) return stop(exit_status == 0 ? EXIT_FAILURE : exit_status);
  const bool young = loop_.now() - daemon.started < kHealthyLife;
  daemon.backoff =
      young ? std::clamp<std::chrono::milliseconds>(daemon.backoff * 2, kMinBackoff, kMaxBackoff)
            : kMinBackoff;
  entry.with("restart_in_ms", daemon.backoff.count());
  daemon.start_timer.arm(daemon.backoff);
}

void Supervisor::stop(int exit_status) {
  if (phase_ == Phase::stopping) return;
  phase_ = Phase::stopping;
  exit_status_ = exit_status;
  for (const auto& daemon : daemons_) daemon->start_timer.disarm();
  start_timer_.disarm();
  kill_timer_.arm(kGrace);
  signal_all(SIGTERM);
  if (!any_running()) loop_.stop();
}

void Supervisor::signal_all(int number) {
  for (const auto& daemon : daemons_)
    if (daemon->pid != 0) ::kill(daemon->pid, number);
}

bool Supervisor::any_running() const noexcept {
  return std::any_of(daemons_.begin(), daemons_.end(), [](const auto& d) { return d->pid != 0; });
}

}  // namespace postrider::ctl
