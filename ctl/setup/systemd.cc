#include "ctl/setup/systemd.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "common/base/fd.h"

namespace postrider::ctl {

namespace {

// What is kept of what it says.
constexpr std::size_t kMaxTold = 4096;

struct Ended {
  int status = 0;    // as of waitpid()
  std::string told;  // on both outputs
};

std::string read_all(const Fd& from) {
  std::string told;
  std::array<char, 1024> octets;
  while (true) {
    const ssize_t n = ::read(from.get(), octets.data(), octets.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return told;
    if (told.size() < kMaxTold) told.append(octets.data(), static_cast<std::size_t>(n));
  }
}

Result<Ended> run(std::vector<std::string> arguments) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("pipe", errno);
  const Fd reading(ends[0]);
  Fd writing(ends[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, writing.get(), STDERR_FILENO);
  // What this process has put off ends that one.
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, argv.front(), &actions, &attributes, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) return fail_errno(arguments.front(), error);
  writing.reset();
  Ended ended;
  ended.told = read_all(reading);
  while (::waitpid(pid, &ended.status, 0) < 0 && errno == EINTR) {
  }
  return ended;
}

}  // namespace

const std::vector<std::string>& service_units() {
  static const std::vector<std::string> units{"postrider-queued.service",
                                              "postrider-deliverd@local.service",
                                              "postrider-deliverd@remote.service",
                                              "postrider-smtpd.service",
                                              "postrider-pop3d.service",
                                              "postrider-monitor.service",
                                              "postrider-trace.service"};
  return units;
}

bool is_systemd_here() { return ::sd_booted() > 0; }

Result<void> systemctl(const std::vector<std::string>& arguments) {
  std::vector<std::string> command{"systemctl"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const auto ended = run(std::move(command));
  if (!ended) return pass_on(ended.error());
  if (ended->status == 0) return {};
  return fail(ErrorKind::temporary,
              fmt::format("systemctl {}: {}", fmt::join(arguments, " "), ended->told));
}

bool is_active(const std::string& unit) {
  const auto ended = run({"systemctl", "is-active", "--quiet", unit});
  return ended && ended->status == 0;
}

}  // namespace postrider::ctl
