#include "tests/unit/queued/scheduler_fixture.h"

#include <set>

namespace queued_scheduler_test {

using namespace postrider;
using namespace std::chrono_literals;
using queued::Call;
using queued::Memory;
using queued::Message;
using queued::Reception;
using queued::Scheduler;
using queued::Work;
using queued::WorkKind;
using Fixture = queued::testing::SchedulerFixture;
using queued::testing::kRoom;

TEST_CASE("queued scheduler: destinations take turns, however long one line is", "[queued]") {
  Fixture f;
  f.add_many("mx:big.test", 50);
  f.add_many("mx:small.test", 2);
  CHECK(f.next() == "mx:big.test");
  CHECK(f.next() == "mx:small.test");
  CHECK(f.next() == "mx:big.test");
  CHECK(f.next() == "mx:small.test");
  CHECK(f.next() == "mx:big.test");
  CHECK(f.next() == "mx:big.test");
}

TEST_CASE("queued scheduler: a destination whose window is full waits, and others go on",
          "[queued]") {
  Fixture f;
  f.settings.destination_concurrency = 2;
  f.add_many("mx:slow.test", 5);
  CHECK(f.next() == "mx:slow.test");
  CHECK(f.next() == "mx:slow.test");
  CHECK(f.next() == "none");
  f.add_many("mx:other.test", 1);
  CHECK(f.next() == "mx:other.test");
  f.finish();
  CHECK(f.next() == "mx:slow.test");
  CHECK(f.next() == "none");
}

TEST_CASE("queued scheduler: local work is in a ring of its own, and without a window",
          "[queued]") {
  Fixture f;
  f.settings.destination_concurrency = 1;
  f.add_many("local", 30);
  CHECK(f.next() == "none");
  for (int i = 0; i < 30; ++i) CHECK(f.next(WorkKind::local) == "local");
}

TEST_CASE("queued scheduler: what waits for a message can be taken back", "[queued]") {
  Fixture f;
  Message one;
  Message two;
  for (const auto& [message, hop] :
       {std::pair(&one, "mx:a.test"), std::pair(&one, "mx:b.test"), std::pair(&two, "mx:a.test")})
    REQUIRE_FALSE(f.scheduler.add({.message = message, .next_hop = hop}, {kRoom}, false, f.now));
  CHECK(f.scheduler.withdraw({&one}).size() == 2);
  const auto work = f.scheduler.next(WorkKind::remote);
  REQUIRE(work);
  CHECK(work->message == &two);
  CHECK_FALSE(f.scheduler.next(WorkKind::remote));
}

TEST_CASE("queued scheduler: a destination of which nothing is to be known is forgotten",
          "[queued]") {
  Fixture f;
  f.add_many("mx:a.test", 1);
  CHECK(f.scheduler.destinations() == 1);
  CHECK(f.next() == "mx:a.test");
  f.finish();
  CHECK(f.scheduler.destinations() == 0);
}

TEST_CASE("queued scheduler: work whose job was lost goes next, in the same window", "[queued]") {
  Fixture f;
  f.settings.destination_concurrency = 1;
  f.add_many("mx:a.test", 2);
  CHECK(f.next() == "mx:a.test");
  const Message* const first = f.under_way.front().message;
  f.scheduler.give_back(std::move(f.under_way.front()));
  f.under_way.clear();
  CHECK(f.next() == "mx:a.test");
  CHECK(f.under_way.front().message == first);
  CHECK(f.next() == "none");
}

TEST_CASE("queued scheduler: a destination that cannot be reached is down, its line turned away",
          "[queued]") {
  Fixture f;
  f.add_many("mx:dead.test", 10);
  CHECK(f.next() == "mx:dead.test");
  const Scheduler::Change change = f.finish(Reception::unreachable);
  CHECK(change.outage_began);
  CHECK(change.turned_away.size() == 9);
  CHECK_FALSE(f.add("mx:dead.test"));
  CHECK(f.told == "waiting for mx:dead.test: connection refused since 2027-01-15 08:00 UTC");
  CHECK(f.next() == "none");
  REQUIRE(f.outage_of("mx:dead.test") != nullptr);
  CHECK(f.scheduler.outages().size() == 1);
}

TEST_CASE("queued scheduler: one message at a time asks whether a destination is back",
          "[queued]") {
  Fixture f;
  f.break_down("mx:dead.test");
  f.advance(1min - 1us);
  CHECK_FALSE(f.add("mx:dead.test"));
  f.advance(1us);
  CHECK(f.add("mx:dead.test"));
  CHECK_FALSE(f.add("mx:dead.test"));
  CHECK(f.next() == "mx:dead.test");
  CHECK(f.under_way.front().probe);
  CHECK_FALSE(f.add("mx:dead.test"));
  CHECK_FALSE(f.finish(Reception::unreachable).outage_began);
  f.advance(2min - 1us);
  CHECK_FALSE(f.add("mx:dead.test"));
  f.advance(1us);
  CHECK(f.add("mx:dead.test"));
}

TEST_CASE("queued scheduler: any answer ends an outage, and the window grows again from below",
          "[queued]") {
  const Reception answer = GENERATE(Reception::served, Reception::pushed_back);
  Fixture f;
  f.break_down("mx:dead.test");
  f.advance(1min);
  CHECK(f.add("mx:dead.test"));
  CHECK(f.next() == "mx:dead.test");
  CHECK(f.finish(answer).outage_ended);
  CHECK(f.outage_of("mx:dead.test") == nullptr);
  f.add_many("mx:dead.test", 10);
  int at_once = 0;
  while (f.next() != "none") ++at_once;
  CHECK(at_once <= 5);
}

TEST_CASE("queued scheduler: jobs that were under way when it went down say nothing new",
          "[queued]") {
  Fixture f;
  f.add_many("mx:dead.test", 3);
  while (f.next() != "none") {
  }
  CHECK(f.finish(Reception::unreachable).outage_began);
  const WallTime next_probe = f.outage_of("mx:dead.test")->next_probe();
  CHECK_FALSE(f.finish(Reception::unreachable).outage_began);
  CHECK(f.outage_of("mx:dead.test")->next_probe() == next_probe);
  CHECK(f.finish(Reception::served).outage_ended);
}

TEST_CASE("queued scheduler: a probe without an answer is no answer", "[queued]") {
  Fixture f;
  f.break_down("mx:dead.test");
  f.advance(1min);
  CHECK(f.add("mx:dead.test"));
  CHECK(f.next() == "mx:dead.test");
  f.finish(Reception::unknown);
  CHECK(f.outage_of("mx:dead.test") != nullptr);
  CHECK(f.add("mx:dead.test"));
}

TEST_CASE("queued scheduler: a probe that is taken back leaves its place to another", "[queued]") {
  Fixture f;
  f.break_down("mx:dead.test");
  f.advance(1min);
  CHECK(f.add("mx:dead.test"));
  const auto taken = f.scheduler.withdraw({&f.messages.back()});
  REQUIRE(taken.size() == 1);
  CHECK_FALSE(taken[0].probe);
  CHECK(f.add("mx:dead.test"));
}

TEST_CASE("queued scheduler: an operator may have all that are down probed at once", "[queued]") {
  Fixture f;
  f.break_down("mx:dead.test");
  f.scheduler.probe_all(f.now);
  CHECK(f.scheduler.next_wakeup() == f.now);
  f.advance(0s);
  CHECK(f.add("mx:dead.test"));
}

TEST_CASE("queued scheduler: an outage that nobody asks about is forgotten", "[queued]") {
  Fixture f;
  f.break_down("mx:dead.test");
  CHECK(f.scheduler.destinations() == 1);
  for (int i = 0; i < 3 && f.scheduler.next_wakeup(); ++i)
    f.advance(*f.scheduler.next_wakeup() - f.now);
  CHECK(f.scheduler.destinations() == 0);
  CHECK(f.now - WallTime(1'800'000'000s) >= 2 * f.settings.retry_interval);
}

TEST_CASE("queued scheduler: a destination gets as much of memory as it leaves to the others",
          "[queued]") {
  Fixture f;
  std::size_t room = 100;
  std::size_t first = 0;
  for (; f.add("mx:first.test", room); --room) ++first;
  CHECK(first == 50);
  CHECK(f.told == "waits its turn: many messages for mx:first.test are before it");
  std::size_t second = 0;
  for (; f.add("mx:second.test", room); --room) ++second;
  CHECK(second == 25);
}

TEST_CASE("queued scheduler: a destination that keeps up may have what it finishes soon",
          "[queued]") {
  Fixture f;
  for (int i = 0; i < 100; ++i) {  // 100 a second
    f.add_many("mx:fast.test", 1);
    f.next();
    f.now += 10ms;
    f.add_many("mx:fast.test", 1);
    f.finish();
  }
  std::size_t more = 0;
  while (f.add("mx:fast.test", 1)) ++more;
  CHECK(more > 800);
  CHECK(more < 1000);
}

TEST_CASE(
    "queued scheduler: full memory is relieved of half of the longest line that does not move",
    "[queued]") {
  Fixture f;
  f.add_many("mx:slow.test", 10);
  f.add_many("mx:slower.test", 30);
  const auto relieved = f.scheduler.relieve(Memory{}, f.now);
  REQUIRE(relieved.size() == 15);
  CHECK(relieved[0].next_hop == "mx:slower.test");
}

TEST_CASE("queued scheduler: who waits his turn at a mail store is not told of its socket",
          "[queued]") {
  Fixture f;
  f.add("lmtp:unix:/run/lmtp", 0);
  while (f.add("lmtp:unix:/run/lmtp", 0)) {
  }
  CHECK(f.told == "waits its turn: many messages for mail store are before it");
}

TEST_CASE("queued scheduler: its part of full memory a destination may have, keep up or not",
          "[queued]") {
  Fixture f;
  const Memory full{.room = 0, .part = 20};
  const auto add = [&](const std::string& destination) {
    return !f.scheduler.add(f.work_for(destination), full, false, f.now);
  };
  for (int i = 0; i < 20; ++i) REQUIRE(add("mx:slow.test"));
  CHECK_FALSE(add("mx:slow.test"));
  CHECK(add("mx:other.test"));
  CHECK(f.scheduler.relieve(full, f.now).empty());
  CHECK(f.scheduler.relieve({.room = 0, .part = 19}, f.now).size() == 10);
}

TEST_CASE("queued scheduler: local mail is sent away only when nothing has moved for a while",
          "[queued]") {
  Fixture f;
  f.add_many("local", 100);
  f.now += 29s;
  CHECK(f.scheduler.relieve(Memory{}, f.now).empty());
  f.now += 1s;
  CHECK(f.scheduler.relieve(Memory{}, f.now).size() == 50);
}

TEST_CASE(
    "queued scheduler: who was turned away is called for when the line is short, oldest first",
    "[queued]") {
  Fixture f;
  f.add_many("mx:slow.test", 25);
  REQUIRE(f.scheduler.put_behind("mx:slow.test", f.now));
  CHECK_FALSE(f.scheduler.next_call(kRoom));
  CHECK_FALSE(f.add("mx:slow.test"));  // not before those who are there
  std::optional<Call> call;
  for (int served = 0; served < 25 && !call; ++served) {
    f.next();
    f.finish();
    call = f.scheduler.next_call(kRoom);
  }
  REQUIRE(call);
  CHECK(call->destination == "mx:slow.test");
  CHECK(call->count > 10);
  CHECK_FALSE(f.scheduler.next_call(kRoom));
  CHECK(f.add("mx:slow.test", kRoom, true));
  f.scheduler.on_called("mx:slow.test", false, f.now);
  CHECK(f.add("mx:slow.test"));
  CHECK_FALSE(f.scheduler.next_call(kRoom));
}

TEST_CASE("queued scheduler: who came while others were called for is called for at once",
          "[queued]") {
  Fixture f;
  REQUIRE(f.scheduler.put_behind("mx:slow.test", f.now));
  REQUIRE(f.scheduler.next_call(kRoom));
  REQUIRE(f.scheduler.put_behind("mx:slow.test", f.now));
  f.scheduler.on_called("mx:slow.test", false, f.now);
  CHECK(f.add("mx:slow.test"));
  REQUIRE(f.scheduler.next_call(kRoom));
  f.scheduler.on_called("mx:slow.test", false, f.now);
  CHECK_FALSE(f.scheduler.next_call(kRoom));
}

TEST_CASE("queued scheduler: no more is called for than half of the room that there is",
          "[queued]") {
  Fixture f;
  REQUIRE(f.scheduler.put_behind("mx:slow.test", f.now));
  CHECK_FALSE(f.scheduler.next_call(0));
  CHECK(f.scheduler.next_call(2)->count == 2);
}

TEST_CASE("queued scheduler: of those behind a destination that is down, one is called to probe it",
          "[queued]") {
  Fixture f;
  f.break_down("mx:dead.test");
  REQUIRE(f.scheduler.put_behind("mx:dead.test", f.now));
  CHECK_FALSE(f.scheduler.next_call(kRoom));
  f.advance(1min);
  const auto call = f.scheduler.next_call(kRoom);
  REQUIRE(call);
  CHECK(call->count == 1);
  CHECK(f.add("mx:dead.test", 0, true));
  f.scheduler.on_called("mx:dead.test", true, f.now);
  CHECK_FALSE(f.scheduler.next_call(kRoom));
  CHECK(f.next() == "mx:dead.test");
  f.finish(Reception::served);
  CHECK(f.scheduler.next_call(kRoom)->count > 1);
}

TEST_CASE("queued scheduler: a call is not carried out when its destination went down meanwhile",
          "[queued]") {
  Fixture f;
  f.add_many("mx:a.test", 1);
  CHECK(f.next() == "mx:a.test");
  REQUIRE(f.scheduler.put_behind("mx:a.test", f.now));
  f.finish(Reception::unreachable);
  CHECK_FALSE(f.scheduler.next_call(kRoom));
}

TEST_CASE("queued scheduler: what an earlier life left is probed one destination after another",
          "[queued]") {
  Fixture f;
  for (int i = 0; i < 100; ++i) f.scheduler.remember("mx:" + std::to_string(i) + ".test", f.now);
  CHECK_FALSE(f.scheduler.next_call(kRoom));
  std::set<WallTime> times;
  for (const auto& [destination, outage] : f.scheduler.outages())
    times.insert(outage->next_probe());
  CHECK(times.size() == 100);
  f.advance(1min);
  int calls = 0;
  while (const auto call = f.scheduler.next_call(kRoom)) calls += call->count == 1 ? 1 : 0;
  CHECK(calls == 100);
}

TEST_CASE("queued scheduler: it remembers so many destinations and no more", "[queued][slow]") {
  Fixture f;
  for (std::size_t i = 0; i < Scheduler::kMaxRemembered; ++i)
    REQUIRE(f.scheduler.put_behind("mx:" + std::to_string(i), f.now));
  CHECK_FALSE(f.scheduler.put_behind("mx:more.test", f.now));
  CHECK(f.scheduler.put_behind("mx:0", f.now));
  f.add_many("mx:more.test", 2);
  CHECK(f.next() == "mx:more.test");
  const Scheduler::Change change = f.finish(Reception::unreachable);
  CHECK_FALSE(change.outage_began);
  CHECK(change.turned_away.empty());
  CHECK(f.next() == "mx:more.test");
  f.finish();
  CHECK(f.scheduler.destinations() == Scheduler::kMaxRemembered);
}

}  // namespace queued_scheduler_test
