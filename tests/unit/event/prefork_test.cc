// A parent and its workers, real processes: what they do is read from a pipe.
#include "common/event/prefork.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>

#include <catch2/catch.hpp>

#include "common/base/fd.h"

namespace event_prefork_test {

using namespace postrider;

namespace {

constexpr int kPatience = 10'000;  // milliseconds

volatile std::sig_atomic_t told_to_end = 0;
volatile std::sig_atomic_t told_to_retire = 0;

// Says that it has begun, waits to be told to retire or to end, says which, waits until it may, and
// says that it ends.
int work(int tell, int may_end) {
  std::signal(SIGTERM, [](int) { told_to_end = 1; });
  std::signal(SIGUSR1, [](int) { told_to_retire = 1; });
  sigset_t none;
  sigset_t both;
  sigemptyset(&none);
  sigemptyset(&both);
  sigaddset(&both, SIGTERM);
  sigaddset(&both, SIGUSR1);
  sigprocmask(SIG_BLOCK, &both, nullptr);
  if (::write(tell, "b", 1) != 1) return EXIT_FAILURE;
  while (told_to_end + told_to_retire == 0) sigsuspend(&none);
  if (::write(tell, told_to_retire != 0 ? "r" : "t", 1) != 1) return EXIT_FAILURE;
  char permission = 0;
  if (::read(may_end, &permission, 1) != 1) return EXIT_FAILURE;
  return ::write(tell, "e", 1) == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}

// Its loop turns once, then no more.
int hang(int tell, const event::Pulse& pulse, bool stops) {
  pulse.beat();
  if (::write(tell, "b", 1) != 1) return EXIT_FAILURE;
  if (stops) ::raise(SIGSTOP);
  while (true) ::pause();
}

struct Plan {
  bool one_generation = false;
  std::chrono::seconds retirement{0};
  bool hangs = false;
  bool stops = false;  // where it hangs
};

class Parent {
 public:
  explicit Parent(const Plan& plan) {
    int told[2];
    int may[2];
    REQUIRE(::pipe(told) == 0);
    REQUIRE(::pipe(may) == 0);
    told_ = Fd(told[0]);
    allow_ = Fd(may[1]);
    Fd tell(told[1]);
    Fd may_end(may[0]);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    ::setpgid(pid_, pid_);  // by both, as either may be first
    if (pid_ > 0) return;
    ::setpgid(0, 0);
    told_.reset();
    allow_.reset();
    // Which the test's framework takes for a failure.
    for (const int signal : {SIGTERM, SIGABRT}) std::signal(signal, SIG_DFL);
    event::Prefork prefork;
    prefork.one_generation = plan.one_generation;
    prefork.retirement = plan.retirement;
    if (plan.hangs) {
      prefork.look = std::chrono::milliseconds(5);
      prefork.hung = std::chrono::milliseconds(20);
    }
    prefork.worker = [&](unsigned, const event::Pulse& pulse) {
      return plan.hangs ? hang(tell.get(), pulse, plan.stops) : work(tell.get(), may_end.get());
    };
    prefork.on_reload = [] { return true; };
    const SystemClock clock;
    log::Logger log{"test", log::Level::error, log::Format::logfmt, clock, [](std::string_view) {}};
    std::_Exit(prefork.run(log));
  }
  ~Parent() {
    // Its workers as well, of which one may be stopped. Of one that is gone already no other has
    // the number before waitpid().
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Parent(const Parent&) = delete;

  void send(int signal) const { REQUIRE(::kill(pid_, signal) == 0); }
  // One worker that waits for it may end.
  void allow() const { REQUIRE(::write(allow_.get(), "x", 1) == 1); }
  // What the workers tell next, in the order of the alphabet; less if they say nothing for long, or
  // all are gone.
  std::string hear(std::size_t count) const {
    std::string heard;
    pollfd waiting{.fd = told_.get(), .events = POLLIN, .revents = 0};
    char one = 0;
    while (heard.size() < count && ::poll(&waiting, 1, kPatience) > 0 &&
           ::read(told_.get(), &one, 1) == 1)
      heard += one;
    std::sort(heard.begin(), heard.end());
    return heard;
  }

 private:
  Fd told_, allow_;
  pid_t pid_ = 0;
};

}  // namespace

TEST_CASE("prefork: on a reload the new worker begins while the old has not ended",
          "[event][slow]") {
  const Parent parent({});
  CHECK(parent.hear(1) == "b");
  parent.send(SIGHUP);
  CHECK(parent.hear(2) == "bt");
  parent.allow();
  CHECK(parent.hear(1) == "e");
  parent.send(SIGTERM);
  CHECK(parent.hear(1) == "t");
  parent.allow();
  CHECK(parent.hear(2) == "e");
}

TEST_CASE("prefork: in one generation the new worker begins when the old has ended",
          "[event][slow]") {
  const Parent parent({.one_generation = true});
  CHECK(parent.hear(1) == "b");
  parent.send(SIGHUP);
  CHECK(parent.hear(1) == "t");
  parent.allow();
  CHECK(parent.hear(2) == "be");
}

TEST_CASE("prefork: who is told to end while a generation ends starts no other", "[event][slow]") {
  const Parent parent({.one_generation = true});
  CHECK(parent.hear(1) == "b");
  parent.send(SIGHUP);
  CHECK(parent.hear(1) == "t");
  parent.send(SIGTERM);
  parent.allow();
  CHECK(parent.hear(2) == "e");
}

TEST_CASE("prefork: who retires may take its time", "[event][slow]") {
  const Parent parent({.retirement = std::chrono::seconds(3600)});
  CHECK(parent.hear(1) == "b");
  parent.send(SIGHUP);
  CHECK(parent.hear(2) == "br");
  parent.allow();
  CHECK(parent.hear(1) == "e");
}

TEST_CASE("prefork: a worker whose loop no longer turns is ended, and started again",
          "[event][slow]") {
  const Parent parent({.hangs = true});
  CHECK(parent.hear(3) == "bbb");
}

TEST_CASE("prefork: a worker that hangs, and takes no signal, is ended all the same",
          "[event][slow]") {
  const Parent parent({.hangs = true, .stops = true});
  CHECK(parent.hear(3) == "bbb");
}

}  // namespace event_prefork_test
