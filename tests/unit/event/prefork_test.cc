// A parent and its workers, real processes: what they do is read from a pipe.
#include "common/event/prefork.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include <catch2/catch.hpp>

#include "common/base/fd.h"

using namespace postrider;

namespace {

constexpr int kPatience = 10'000;  // milliseconds

volatile std::sig_atomic_t told_to_end = 0;

// Says that it has begun, waits for SIGTERM, takes its time, says that it ends.
int work(int pipe) {
  std::signal(SIGTERM, [](int) { told_to_end = 1; });
  sigset_t none;
  sigset_t terminate;
  sigemptyset(&none);
  sigemptyset(&terminate);
  sigaddset(&terminate, SIGTERM);
  sigprocmask(SIG_BLOCK, &terminate, nullptr);
  if (::write(pipe, "b", 1) != 1) return EXIT_FAILURE;
  while (told_to_end == 0) sigsuspend(&none);
  ::poll(nullptr, 0, 50);
  return ::write(pipe, "e", 1) == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}

class Parent {
 public:
  explicit Parent(bool one_generation) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    told_ = Fd(ends[0]);
    Fd tell(ends[1]);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ > 0) return;
    event::Prefork prefork;
    prefork.one_generation = one_generation;
    prefork.worker = [&](unsigned) { return work(tell.get()); };
    prefork.on_reload = [] { return true; };
    const SystemClock clock;
    log::Logger log{"test", log::Level::error, log::Format::logfmt, clock, [](std::string_view) {}};
    std::_Exit(prefork.run(log));
  }
  ~Parent() {
    ::kill(pid_, SIGKILL);  // of one that is gone already no other has the number before waitpid()
    ::waitpid(pid_, nullptr, 0);
  }
  Parent(const Parent&) = delete;

  void send(int signal) const { REQUIRE(::kill(pid_, signal) == 0); }
  // What the workers tell next; less if they say nothing for long.
  std::string hear(std::size_t count) const {
    std::string heard;
    pollfd waiting{.fd = told_.get(), .events = POLLIN, .revents = 0};
    char one = 0;
    while (heard.size() < count && ::poll(&waiting, 1, kPatience) > 0 &&
           ::read(told_.get(), &one, 1) == 1)
      heard += one;
    return heard;
  }

 private:
  Fd told_;
  pid_t pid_ = 0;
};

}  // namespace

TEST_CASE(
    "prefork: on a reload the new worker begins beside the old, or in one generation after it",
    "[event]") {
  const bool one_generation = GENERATE(false, true);
  CAPTURE(one_generation);
  const Parent parent(one_generation);
  CHECK(parent.hear(1) == "b");
  parent.send(SIGHUP);
  CHECK(parent.hear(2) == (one_generation ? "eb" : "be"));
  parent.send(SIGTERM);
  CHECK(parent.hear(1) == "e");
}

TEST_CASE("prefork: who is told to end while a generation ends starts no other", "[event]") {
  const Parent parent(true);
  CHECK(parent.hear(1) == "b");
  parent.send(SIGHUP);
  parent.send(SIGTERM);
  CHECK(parent.hear(2) == "e");
}
