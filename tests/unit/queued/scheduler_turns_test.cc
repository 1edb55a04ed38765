// The turns that a destination is told of by its servers.
#include "tests/unit/queued/scheduler_fixture.h"

namespace queued_scheduler_turns_test {

using namespace postrider;
using namespace std::chrono_literals;
using queued::Reception;
using queued::Scheduler;
using Fixture = queued::testing::SchedulerFixture;

TEST_CASE("queued scheduler: a destination whose servers bear no more waits, and no other does",
          "[queued]") {
  Fixture f;
  f.add_many("mx:slow.test", 3);
  f.add_many("mx:other.test", 1);
  REQUIRE(f.next() == "mx:slow.test");
  CHECK(f.send_back(200ms).empty());
  CHECK(f.next() == "mx:other.test");
  CHECK(f.next() == "none");
  REQUIRE(f.scheduler.next_wakeup());
  CHECK(*f.scheduler.next_wakeup() - f.now >= 200ms);
  CHECK(*f.scheduler.next_wakeup() - f.now <= 200ms + Scheduler::kTurnStep);
  CHECK_FALSE(f.scheduler.wake(f.now + 199ms));
  CHECK(f.next() == "none");
  f.advance(210ms);
  for (int i = 0; i < 3; ++i) CHECK(f.next() == "mx:slow.test");
  CHECK(f.next() == "none");
}

TEST_CASE("queued scheduler: while turns are to come each job takes one, and no other goes",
          "[queued]") {
  Fixture f;
  f.add_many("mx:slow.test", 9);
  for (int i = 0; i < 3; ++i) REQUIRE(f.next() == "mx:slow.test");
  for (const auto wait : {100ms, 300ms, 200ms}) f.send_back(wait);
  for (int i = 0; i < 2; ++i) {
    f.advance(110ms);
    CHECK(f.next() == "mx:slow.test");
    CHECK(f.next() == "none");
  }
  f.advance(110ms);  // the last: now as many go as the window has room for
  for (int i = 0; i < 3; ++i) CHECK(f.next() == "mx:slow.test");
}

TEST_CASE("queued scheduler: a rate that is shared by many destinations is used up", "[queued]") {
  // Ten messages a second, as told by servers that let two wait: each that comes too early is told
  // when its turn is.
  Fixture f;
  for (int i = 0; i < 5; ++i) f.add_many("mx:" + std::to_string(i) + ".test", 100);
  const WallTime start = f.now;
  WallTime promised = f.now;
  WallTime free_at = f.now;
  int taken = 0;
  int sent_back = 0;
  while (f.now < start + 30s) {
    while (f.next() != "none") {
      if (free_at <= f.now + 100ms) {
        free_at = std::max(free_at, f.now) + 100ms;
        ++taken;
        f.finish();
      } else {
        promised = std::max(promised + 100ms, free_at);
        f.send_back(promised - f.now);
        ++sent_back;
      }
    }
    f.advance(10ms);
  }
  CHECK(taken >= 285);
  CHECK(taken <= 302);
  CHECK(sent_back < 3 * taken);
}

TEST_CASE("queued scheduler: nobody waits longer for a turn than there is reason to", "[queued]") {
  Fixture f;
  f.add_many("mx:slow.test", 1);
  REQUIRE(f.next() == "mx:slow.test");
  f.send_back(100h);
  f.advance(Scheduler::kLongestWait - 1ms);
  CHECK(f.next() == "none");
  f.advance(11ms);
  CHECK(f.next() == "mx:slow.test");
  SECTION("nor when the clock is set back") {
    f.send_back(1min);
    f.advance(-1h);
    CHECK(f.next() == "mx:slow.test");
  }
}

TEST_CASE(
    "queued scheduler: a destination that goes down while it waits for a turn gives its work up",
    "[queued]") {
  Fixture f;
  f.add_many("mx:slow.test", 3);
  REQUIRE(f.next() == "mx:slow.test");
  REQUIRE(f.next() == "mx:slow.test");
  std::swap(f.under_way.front(), f.under_way.back());
  f.send_back(1min);
  CHECK(f.finish(Reception::unreachable).turned_away.size() == 2);
  f.advance(2min);
  CHECK(f.next() == "none");
}

TEST_CASE("queued scheduler: a destination whose work is withdrawn before its turn is forgotten",
          "[queued]") {
  Fixture f;
  f.add_many("mx:slow.test", 1);
  REQUIRE(f.next() == "mx:slow.test");
  f.send_back(1min);
  CHECK(f.scheduler.withdraw({&f.messages.front()}).size() == 1);
  CHECK(f.scheduler.destinations() == 0);
  CHECK_FALSE(f.scheduler.next_wakeup());
  f.advance(2min);
}

}  // namespace queued_scheduler_turns_test
