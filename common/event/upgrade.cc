#include "common/event/upgrade.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

namespace postrider::event {

namespace {

constexpr const char* kWorkers = "POSTRIDER_WORKERS";
constexpr std::string_view kDeleted = " (deleted)";
constexpr int kFirstSocket = 3;
constexpr int kCheckTries = 1000;  // of 10 ms

std::string program_path() {
  std::string path(4096, '\0');
  const ssize_t n = ::readlink("/proc/self/exe", path.data(), path.size());
  path.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
  return path;
}

// Of this process, the program's name first.
std::vector<std::string> own_arguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::string> arguments;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\0', at);
    arguments.push_back(text.substr(at, end - at));
    at = end == std::string::npos ? text.size() : end + 1;
  }
  return arguments;
}

// Returns the errno.
int execute(std::vector<std::string> arguments) {
  const std::string path = program_path();
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  ::execv(path.c_str(), pointers.data());
  return errno;
}

void unblock_signals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

// To descriptors from kFirstSocket on. First out of the way of each other.
Result<void> place(const std::vector<int>& sockets) {
  const int beyond = kFirstSocket + static_cast<int>(sockets.size());
  std::vector<int> copies;
  for (const int socket : sockets) {
    copies.push_back(::fcntl(socket, F_DUPFD_CLOEXEC, beyond));
    if (copies.back() < 0) return fail_errno("F_DUPFD", errno);
  }
  for (std::size_t i = 0; i < copies.size(); ++i)
    if (::dup2(copies[i], kFirstSocket + static_cast<int>(i)) < 0) return fail_errno("dup2", errno);
  return {};
}

// The calling process has them from then on, as the service manager's.
Result<void> hand_over(const std::vector<int>& sockets) {
  if (auto placed = place(sockets); !placed) return placed;
  ::setenv("LISTEN_FDS", fmt::format("{}", sockets.size()).c_str(), 1);
  ::setenv("LISTEN_PID", fmt::format("{}", ::getpid()).c_str(), 1);
  return {};
}

}  // namespace

bool is_program_replaced() {
  struct stat running {};
  struct stat there {};
  return ::stat("/proc/self/exe", &running) == 0 && ::stat(program_path().c_str(), &there) == 0 &&
         (running.st_dev != there.st_dev || running.st_ino != there.st_ino);
}

Result<void> check_new_program(const std::vector<int>& sockets) {
  constexpr timespec kPause{.tv_sec = 0, .tv_nsec = 10'000'000};
  std::vector<std::string> arguments = own_arguments();
  arguments.insert(arguments.begin() + 1, "--check");
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno("fork", errno);
  if (pid == 0) {
    unblock_signals();
    if (!hand_over(sockets)) std::_Exit(EXIT_FAILURE);
    std::_Exit(execute(std::move(arguments)) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  int status = 0;
  int tries = 0;
  while (::waitpid(pid, &status, WNOHANG) == 0 && ++tries < kCheckTries)
    ::nanosleep(&kPause, nullptr);
  if (tries == kCheckTries) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return fail(ErrorKind::temporary, "the new program did not check its configuration in time");
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS) return {};
  return fail(ErrorKind::invalid, fmt::format("the new program refuses to start with status {}",
                                              WIFEXITED(status) ? WEXITSTATUS(status) : -1));
}

Error become_new_program(const std::vector<int>& sockets, const std::vector<pid_t>& workers) {
  if (auto handed = hand_over(sockets); !handed) return handed.error();
  ::setenv(kWorkers, fmt::format("{}", fmt::join(workers, ",")).c_str(), 1);
  return fail_errno(program_path(), execute(own_arguments())).value();
}

std::vector<pid_t> take_earlier_workers() {
  std::vector<pid_t> workers;
  const char* const text = std::getenv(kWorkers);
  if (text == nullptr) return workers;
  std::string_view rest(text);
  while (!rest.empty()) {
    pid_t worker = 0;
    const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), worker);
    if (read.ec != std::errc() || worker <= 1) break;
    workers.push_back(worker);
    rest.remove_prefix(static_cast<std::size_t>(read.ptr - rest.data()));
    if (!rest.empty()) rest.remove_prefix(1);
  }
  ::unsetenv(kWorkers);
  return workers;
}

}  // namespace postrider::event
