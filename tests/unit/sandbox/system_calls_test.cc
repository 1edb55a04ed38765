#include "common/sandbox/system_calls.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <thread>

#include <netinet/in.h>
#include <catch2/catch.hpp>

#include "common/base/fd.h"
#include "tests/unit/sandbox/in_child.h"

namespace sandbox_system_calls_test {

using namespace postrider;
using namespace postrider::sandbox;

namespace {

int socket_errno(int family, int type, int protocol = 0) {
  const Fd fd(::socket(family, type | SOCK_CLOEXEC, protocol));
  return outcome(fd.get());
}

struct Attempt {
  const char* name;
  int (*make)();
};

int run_program() {
  const char* const arguments[] = {"/bin/true", nullptr};
  return outcome(::execv(arguments[0], const_cast<char* const*>(arguments)));
}

// What somebody tries who has taken a process over.
constexpr Attempt kAttempts[] = {
    {"execve", &run_program},
    {"fork", [] { return outcome(::syscall(SYS_fork)); }},
    {"clone", [] { return outcome(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)); }},
    {"kill", [] { return outcome(::kill(::getppid(), 0)); }},
    {"ptrace", [] { return outcome(::ptrace(PTRACE_ATTACH, ::getppid(), 0, 0)); }},
    {"chmod", [] { return outcome(::chmod("/tmp", 01777)); }},
    {"chown", [] { return outcome(::chown("/tmp", 0, 0)); }},
    {"setuid", [] { return outcome(::syscall(SYS_setuid, 0)); }},
    {"mount", [] { return outcome(::syscall(SYS_mount, 0, 0, 0, 0, 0)); }},
    {"unshare", [] { return outcome(::syscall(SYS_unshare, 0)); }},
    {"bpf", [] { return outcome(::syscall(SYS_bpf, 0, 0, 0)); }},
    {"keyctl", [] { return outcome(::syscall(SYS_keyctl, 0, 0, 0)); }},
};

}  // namespace

TEST_CASE("system calls: who does what a daemon never does is killed", "[sandbox][slow]") {
  if (!can_filter()) return;
  for (const Attempt& attempt : kAttempts) {
    INFO(attempt.name);
    CHECK(in_child({.accepts = true, .speaks_to_host = true, .speaks_to_network = true},
                   attempt.make) == -SIGSYS);
  }
}

TEST_CASE("system calls: one that is not known seems not to be there", "[sandbox][slow]") {
  if (!can_filter()) return;
  CHECK(in_child({}, [] { return outcome(::syscall(5000)); }) == ENOSYS);
  CHECK(in_child({}, [] { return outcome(::syscall(SYS_listen, 0, 0)); }) == ENOSYS);
  CHECK(in_child({}, [] { return outcome(::syscall(SYS_accept4, 0, 0, 0, 0)); }) == ENOSYS);
}

TEST_CASE("system calls: threads are made, and a process can end itself", "[sandbox][slow]") {
  if (!can_filter()) return;
  const auto use_thread = [] {
    int answer = 0;
    std::thread([&] { answer = 42; }).join();
    return answer;
  };
  CHECK(in_child({}, use_thread) == 42);
  // As abort(3) does.
  const auto raise_signal = [] {
    std::signal(SIGUSR2, SIG_DFL);
    return std::raise(SIGUSR2);
  };
  CHECK(in_child({}, raise_signal) == -SIGUSR2);
}

TEST_CASE("system calls: a socket is of a kind that the confinement names", "[sandbox][slow]") {
  if (!can_filter()) return;
  const Confinement none;
  const Confinement host{.speaks_to_host = true};
  const Confinement network{.speaks_to_network = true};
  CHECK(in_child(none, [] { return socket_errno(AF_UNIX, SOCK_STREAM); }) == EAFNOSUPPORT);
  CHECK(in_child(none, [] { return socket_errno(AF_INET, SOCK_STREAM); }) == EAFNOSUPPORT);
  CHECK(in_child(host, [] { return socket_errno(AF_UNIX, SOCK_STREAM); }) == 0);
  CHECK(in_child(host, [] { return socket_errno(AF_INET, SOCK_STREAM); }) == EAFNOSUPPORT);
  CHECK(in_child(host, [] { return socket_errno(AF_INET6, SOCK_DGRAM); }) == EAFNOSUPPORT);
  CHECK(in_child(network, [] { return socket_errno(AF_INET, SOCK_STREAM); }) == 0);
  CHECK(in_child(network, [] { return socket_errno(AF_INET, SOCK_DGRAM); }) == 0);
  CHECK(in_child(network, [] { return socket_errno(AF_UNIX, SOCK_STREAM); }) == EAFNOSUPPORT);
  CHECK(in_child(network, [] { return socket_errno(AF_INET, SOCK_RAW, IPPROTO_ICMP); }) == ENOSYS);
  CHECK(in_child(network, [] { return socket_errno(AF_PACKET, SOCK_RAW); }) == ENOSYS);
  // MPTCP connects past the rules for ports.
  CHECK(in_child(network, [] { return socket_errno(AF_INET, SOCK_STREAM, 262); }) == ENOSYS);
}

TEST_CASE("system calls: nobody connects by sending first", "[sandbox]") {
  if (!can_filter()) return;
  const auto fast_open = [] {
    const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return outcome(::sendto(fd.get(), "x", 1, MSG_FASTOPEN, nullptr, 0));
  };
  CHECK(in_child({.speaks_to_network = true}, fast_open) == ENOSYS);
}

TEST_CASE("system calls: memory is written or executed, not both", "[sandbox][slow]") {
  if (!can_filter()) return;
  const auto both = [] {
    void* const memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? errno : 0;
  };
  CHECK(in_child({}, both) == EACCES);
  const auto turned = [] {
    void* const memory =
        ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? 1 : outcome(::mprotect(memory, 4096, PROT_READ | PROT_EXEC));
  };
  CHECK(in_child({}, turned) == EACCES);
}

}  // namespace sandbox_system_calls_test
