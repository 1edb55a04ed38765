#include "common/event/event_loop.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <future>
#include <thread>

#include <catch2/catch.hpp>

#include "common/event/worker_pool.h"

namespace event_event_loop_test {

using namespace postrider;
using namespace std::chrono_literals;

TEST_CASE("event loop: deferred tasks run in order, after the caller has returned", "[event]") {
  event::EventLoop loop;
  std::string seen;
  loop.defer([&] {
    seen += 'a';
    loop.defer([&] {
      seen += 'c';
      loop.stop();
    });
  });
  loop.defer([&] { seen += 'b'; });
  CHECK(seen.empty());
  loop.run();
  CHECK(seen == "abc");
}

TEST_CASE("event loop: what other threads post runs here, in each one's order", "[event]") {
  event::EventLoop loop;
  std::vector<int> seen;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) loop.post([&seen, i] { seen.push_back(i); });
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  other.join();
  REQUIRE(seen.size() == 1000);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
}

TEST_CASE("event loop: an object may be destroyed later from inside itself", "[event]") {
  struct Object final : event::Deferred {
    explicit Object(bool& f) : gone(f) {}
    ~Object() override { gone = true; }
    bool& gone;
  };
  event::EventLoop loop;
  bool gone = false;
  auto object = std::make_unique<Object>(gone);
  loop.defer([&] {
    loop.destroy_later(std::move(object));
    CHECK_FALSE(gone);
    loop.defer([&] { loop.stop(); });
  });
  loop.run();
  CHECK(gone);
}

TEST_CASE("event timer: runs once, can be armed again by itself, and disarmed", "[event]") {
  event::EventLoop loop;
  int runs = 0;
  event::Timer never(loop, [&] { runs += 100; });
  never.arm(1ms);
  event::Timer timer(loop, [&] {
    if (++runs == 3) return loop.stop();
    timer.arm(0us);
  });
  timer.arm(0us);
  never.disarm();
  CHECK_FALSE(never.armed());
  loop.run();
  CHECK(runs == 3);
}

TEST_CASE("event watch: tells that there is something to read, while it is enabled", "[event]") {
  event::EventLoop loop;
  std::array<int, 2> fds{};
  REQUIRE(::pipe(fds.data()) == 0);
  const Fd in(fds[0]);
  const Fd out(fds[1]);
  int ready = 0;
  event::Watch watch(loop, in.get(), event::Watch::For::reading, [&] {
    ++ready;
    char c = 0;
    CHECK(::read(in.get(), &c, 1) == 1);
    loop.stop();
  });
  REQUIRE(::write(out.get(), "xy", 2) == 2);
  watch.enable();
  loop.run();
  CHECK(ready == 1);
  watch.disable();
  event::Timer end(loop, [&] { loop.stop(); });
  end.arm(1ms);
  loop.run();
  CHECK(ready == 1);
}

TEST_CASE("event worker pool: jobs run elsewhere, their values come back here", "[event]") {
  event::EventLoop loop;
  event::WorkerPool pool(loop, 2);
  const auto here = std::this_thread::get_id();
  std::thread::id job_thread;
  std::thread::id done_thread;
  const auto pending = pool.run(
      [&] {
        job_thread = std::this_thread::get_id();
        return std::make_unique<int>(42);
      },
      [&](std::unique_ptr<int> value) {
        CHECK(*value == 42);
        done_thread = std::this_thread::get_id();
        loop.stop();
      });
  loop.run();
  CHECK(job_thread != here);
  CHECK(done_thread == here);
}

TEST_CASE("event worker pool: a cancelled continuation never runs", "[event]") {
  event::EventLoop loop;
  event::WorkerPool pool(loop, 1);
  bool ran = false;
  auto cancelled = pool.run([] { return 1; }, [&](int) { ran = true; });
  const auto kept = pool.run([] { return 2; }, [&](int) { loop.stop(); });
  cancelled.reset();
  loop.run();
  CHECK_FALSE(ran);
}

TEST_CASE("event worker pool: a value that nobody waits for any more is not computed", "[event]") {
  event::EventLoop loop;
  event::WorkerPool pool(loop, 1);
  std::promise<void> go;
  const auto busy = pool.run(
      [&] {
        go.get_future().wait();
        return 0;
      },
      [](int) {});
  std::string ran;  // by the thread; read once it is done
  const auto job = [&](char name) {
    return [&ran, name] {
      ran += name;
      return 0;
    };
  };
  auto computed = pool.compute(job('a'), [](int) {});
  auto effect = pool.run(job('b'), [](int) {});
  const auto last = pool.compute(job('c'), [&](int) { loop.stop(); });
  computed.reset();
  effect.reset();
  CHECK(pool.unfinished() == 3);
  go.set_value();
  loop.run();
  CHECK(ran == "bc");
  CHECK(pool.unfinished() == 0);
  CHECK(pool.waiting() == 0);
}

TEST_CASE("event worker pool: what is computed may outlive the pool", "[event]") {
  event::EventLoop loop;
  PendingPtr left;
  {
    event::WorkerPool pool(loop, 1);
    left = pool.compute([] { return 0; }, [](int) {});
  }
  left.reset();
}

}  // namespace event_event_loop_test
