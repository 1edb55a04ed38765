// A queue whose destinations are down, hang or come back: what waits, where, and who is called.
#include "queued/queue.h"

#include "tests/unit/queued/fixture.h"

namespace queued_queue_outage_test {

using namespace postrider;
using namespace std::chrono_literals;
using test::QueueFixture;
using Lines = std::vector<std::string>;

namespace {

// What a deliverd says of a destination that it cannot reach.
ipc::Unreachable timed_out() {
  ipc::Unreachable unreachable;
  unreachable.set_status("4.4.1");
  unreachable.set_reply("connection timed out");
  return unreachable;
}

// The messages of the old generation, by id.
std::vector<ipc::QueuedMessage> stored(QueueFixture& f) {
  return f.list(test::all_messages(), {.deferred = true, .held = true});
}

void set_served(QueueFixture& f, bool served) {
  for (const queued::WorkKind kind : {queued::WorkKind::local, queued::WorkKind::remote})
    f.life->queue.set_served(kind, served);
}

}  // namespace

TEST_CASE(
    "queued: while a destination is down its mail waits, unattempted, until a probe is served",
    "[queued]") {
  QueueFixture f;
  f.unreachable = [](const ipc::Job&) { return timed_out(); };
  for (int i = 0; i < 20; ++i) f.accept("a@x.test", {"b@dead.test"});
  f.settle();
  // Answered one by one: the first turned all others away.
  CHECK(f.attempts == Lines{"mx:dead.test: b@dead.test"});
  std::size_t waiting = 0;
  for (const ipc::QueuedMessage& message : stored(f)) {
    const ipc::QueuedRecipient& recipient = message.recipients(0);
    if (recipient.reply().starts_with("waiting for mx:dead.test: connection timed out since 2027"))
      ++waiting;
    CHECK(recipient.attempts() == (recipient.reply() == "connection timed out" ? 1 : 0));
  }
  CHECK(waiting == 19);
  REQUIRE(f.life->queue.outages().size() == 1);
  CHECK(f.life->queue.outages()[0].destination() == "mx:dead.test");
  CHECK(f.logged.find("event=outage_began") != std::string::npos);

  f.attempts.clear();
  const WallTime start = f.clock.now();
  while (f.advance(start + 20min)) {
  }
  CHECK(f.attempts.size() == 4);  // after about 1, 3, 7 and 15 minutes
  f.unreachable = nullptr;
  while (f.advance(start + 1h)) {
  }
  CHECK(f.attempts.size() == 4 + 20);
  CHECK(stored(f).empty());
  CHECK(f.life->queue.outages().empty());
  CHECK(f.logged.find("event=outage_ended") != std::string::npos);
  CHECK(f.life->reports.sent.empty());
}

TEST_CASE("queued: mail that waits for its destination is warned of and given up in time, once",
          "[queued]") {
  QueueFixture f;
  f.settings.queue.lifetime = 8h;
  f.unreachable = [](const ipc::Job&) { return timed_out(); };
  for (int i = 0; i < 30; ++i) f.accept("a@x.test", {"b@dead.test"});
  const WallTime start = f.clock.now();
  f.settle();
  const auto reports = [&](const std::string& beginning) {
    const auto& sent = f.life->reports.sent;
    return std::count_if(sent.begin(), sent.end(),
                         [&](const std::string& one) { return one.starts_with(beginning); });
  };
  while (f.advance(start + 4h - 1s)) {
  }
  CHECK(f.life->reports.sent.empty());
  while (f.advance(start + 5h)) {
  }
  CHECK(reports("delayed to a@x.test about b@dead.test: ") == 30);
  CHECK(reports("delayed to a@x.test about b@dead.test: waiting for mx:dead.test: ") >= 10);
  while (f.advance(start + 8h - 1s)) {
  }
  CHECK(f.life->reports.sent.size() == 30);
  while (f.advance(start + 8h + 1min)) {
  }
  CHECK(reports("failed to a@x.test about b@dead.test: ") == 30);
  CHECK(stored(f).empty());
}

TEST_CASE("queued: of a message for a dead and a live destination the live one is served",
          "[queued]") {
  QueueFixture f;
  f.unreachable = [](const ipc::Job& job) {
    return job.next_hop() == "mx:dead.test" ? timed_out() : ipc::Unreachable();
  };
  f.accept("a@x.test", {"b@dead.test"});
  f.settle();
  f.attempts.clear();
  f.accept("a@x.test", {"b@dead.test", "c@live.test", "d@live.test"});
  f.settle();
  CHECK(f.attempts == Lines{"mx:live.test: c@live.test", "mx:live.test: d@live.test"});
  REQUIRE(stored(f).size() == 2);
  f.unreachable = nullptr;
  const WallTime start = f.clock.now();
  while (f.advance(start + 3min)) {
  }
  CHECK(f.attempts.size() == 3);
  CHECK(f.attempts.back() == "mx:dead.test: b@dead.test");
}

TEST_CASE("queued: a destination that hangs keeps no other from memory, and loses nothing",
          "[queued][slow]") {
  QueueFixture f;
  f.settings.queue.active_limit = 40;
  f.keeps = [](const ipc::Job& job) { return job.next_hop() == "mx:hangs.test"; };
  for (int i = 0; i < 100; ++i) f.accept("a@x.test", {"b@hangs.test"});
  for (int i = 0; i < 10; ++i) f.accept("a@x.test", {"c@live.test"});
  f.settle();
  CHECK(f.attempts == Lines(10, "mx:live.test: c@live.test"));
  CHECK(f.life->queue.active() < 40);
  CHECK(f.life->queue.active() + stored(f).size() == 100);
  CHECK(stored(f)[0].recipients(0).reply() ==
        "waits its turn: many messages for mx:hangs.test are before it");
  CHECK(stored(f)[0].recipients(0).attempts() == 0);

  // It was slow, no more: those that were turned away are served as soon as there is a turn for
  // them.
  f.keeps = [](const ipc::Job&) { return false; };
  f.answer_kept();
  f.settle();
  CHECK(f.attempts.size() == 110);
  CHECK(f.life->queue.active() == 0);
  CHECK(stored(f).empty());
}

TEST_CASE("queued: while no deliverd is there memory fills to its limit, and nothing goes behind",
          "[queued][slow]") {
  QueueFixture f;
  f.settings.queue.active_limit = 40;
  set_served(f, false);
  f.keeps = [](const ipc::Job&) { return true; };
  for (int i = 0; i < 100; ++i) f.accept("a@x.test", {"b@far.test"});
  f.settle();
  const WallTime start = f.clock.now();
  while (f.advance(start + 1min)) {
  }
  CHECK(f.life->queue.active() == 40);
  CHECK(stored(f).empty());

  set_served(f, true);
  f.keeps = [](const ipc::Job&) { return false; };
  f.answer_kept();
  f.settle();
  CHECK(f.attempts.size() == 100);
  CHECK(f.life->queue.active() == 0);
}

TEST_CASE("queued: mail waits in its segment while memory as a whole is finished soon",
          "[queued][slow]") {
  QueueFixture f;
  f.settings.queue.active_limit = 200;  // a part is four
  f.settings.queue.destination_concurrency = 2;
  f.keeps = [](const ipc::Job& job) { return job.next_hop() != "mx:live.test"; };
  const auto accept_for_slow = [&](int each) {
    for (int i = 0; i < 60; ++i)
      for (int n = 0; n < each; ++n) f.accept("a@x.test", {"b@slow" + std::to_string(i) + ".test"});
  };
  accept_for_slow(1);
  for (int i = 0; i < 20; ++i) f.accept("a@x.test", {"c@live.test"});
  f.settle();
  accept_for_slow(3);
  f.settle();
  CHECK(f.life->queue.active() == 200);
  CHECK(stored(f).empty());
  // It is not finished at all: then those who have most give room, one a second.
  const WallTime start = f.clock.now();
  f.accept("a@x.test", {"d@live.test"});
  while (f.advance(start + 1min)) {
  }
  CHECK(f.attempts.size() == 21);
}

TEST_CASE("queued: who has had no time yet is not found slow when deliverd comes",
          "[queued][slow]") {
  QueueFixture f;
  f.settings.queue.active_limit = 200;  // more than one end is taken to promise
  set_served(f, false);
  f.keeps = [](const ipc::Job& job) { return job.next_hop() == "mx:slow.test"; };
  for (int i = 0; i < 199; ++i) f.accept("a@x.test", {"b@slow.test"});
  f.accept("a@x.test", {"c@live.test"});
  for (int i = 0; i < 10; ++i) f.accept("a@x.test", {"b@slow.test"});
  f.settle();
  set_served(f, true);
  f.settle();
  CHECK(f.attempts == Lines{"mx:live.test: c@live.test"});
  CHECK(f.life->queue.active() == 200);
  CHECK(stored(f).empty());
}

TEST_CASE("queued: while one kind of deliverd is away for a moment nobody is found slow",
          "[queued][slow]") {
  QueueFixture f;
  f.settings.queue.active_limit = 200;
  f.life->queue.set_served(queued::WorkKind::remote, false);
  f.keeps = [](const ipc::Job&) { return true; };
  for (int i = 0; i < 250; ++i) f.accept("a@x.test", {"b@far.test"});
  const WallTime start = f.clock.now();
  f.settle();
  while (f.advance(start + 9s)) {
  }
  CHECK(stored(f).empty());
  // It stays away: mail that goes elsewhere is not to wait for it.
  while (f.advance(start + 20s)) {
  }
  CHECK_FALSE(stored(f).empty());
}

TEST_CASE("queued: one destination that is slow does not squeeze the others out of memory",
          "[queued][slow]") {
  QueueFixture f;
  f.settings.queue.active_limit = 50;
  f.keeps = [](const ipc::Job&) { return true; };
  std::size_t accepted = 0;
  for (int second = 0; second < 30; ++second) {
    for (int i = 0; i < 20; ++i, ++accepted) {
      f.accept("a@x.test", {"b@slow.test"});
      f.accept("a@x.test", {"c@live" + std::to_string(i % 10) + ".test"});
    }
    f.settle();
    f.clock.advance(1s);
    bool slow_answered = false;
    f.answer_kept_if([&](const ipc::Job& job) {
      return job.next_hop() != "mx:slow.test" || !std::exchange(slow_answered, true);
    });
    f.settle();
  }
  const auto live =
      std::count_if(f.attempts.begin(), f.attempts.end(),
                    [](const std::string& attempt) { return attempt.starts_with("mx:live"); });
  CHECK(static_cast<std::size_t>(live) >= accepted - 50);
}

TEST_CASE("queued: full memory is relieved when what filled it stops to move", "[queued][slow]") {
  QueueFixture f;
  f.settings.queue.active_limit = 100;
  f.local_credit = 10;
  f.keeps = [](const ipc::Job& job) { return job.next_hop() == "local"; };
  for (int i = 0; i < 150; ++i) f.accept("a@x.test", {"b@local.test"});
  f.accept("a@x.test", {"c@live.test"});
  f.settle();
  CHECK(f.life->queue.active() == 100);
  CHECK(f.attempts.empty());
  const WallTime start = f.clock.now();
  while (f.advance(start + 1min)) {
  }
  CHECK(f.attempts == Lines{"mx:live.test: c@live.test"});
}

TEST_CASE("queued: who waits for which destination is known after a restart", "[queued]") {
  QueueFixture f;
  f.unreachable = [](const ipc::Job&) { return timed_out(); };
  for (int i = 0; i < 20; ++i) f.accept("a@x.test", {"b@dead.test"});
  f.settle();
  f.begin_life();
  f.settle();
  REQUIRE(f.life->queue.outages().size() == 1);
  CHECK(f.life->queue.outages()[0].reason() == "not tried since queued was started");
  f.attempts.clear();
  f.unreachable = nullptr;
  const WallTime start = f.clock.now();
  while (f.advance(start + 1min)) {
  }
  CHECK(f.attempts.size() == 19);  // all but the one that was attempted before, and has its time
}

TEST_CASE("queued: a message that was called for and not ended is due after a crash", "[queued]") {
  QueueFixture f;
  f.unreachable = [](const ipc::Job&) { return timed_out(); };
  for (int i = 0; i < 2; ++i) f.accept("a@x.test", {"b@dead.test"});
  f.settle();
  f.unreachable = nullptr;
  f.keeps = [](const ipc::Job&) { return true; };
  f.attempts.clear();
  f.clock.advance(67s);
  f.settle();
  CHECK(f.life->queue.active() == 1);
  f.begin_life();
  f.keeps = [](const ipc::Job&) { return false; };
  f.settle();
  CHECK(f.attempts.size() == 1);
}

TEST_CASE("queued: an operator's retry probes what is down at once", "[queued]") {
  QueueFixture f;
  f.unreachable = [](const ipc::Job&) { return timed_out(); };
  for (int i = 0; i < 3; ++i) f.accept("a@x.test", {"b@dead.test"});
  f.settle();
  f.unreachable = nullptr;
  f.attempts.clear();
  f.life->queue.look_again();
  f.settle();
  CHECK(f.attempts.size() == 2);
}

TEST_CASE("queued: what had no attempt is not given up for its age, unless its destination is down",
          "[queued]") {
  QueueFixture f;
  f.settings.queue.lifetime = 8h;
  f.settings.queue.delay_warning = 0h;
  f.unreachable = [](const ipc::Job&) { return timed_out(); };
  for (int i = 0; i < 20; ++i) f.accept("a@x.test", {"b@dead.test"});
  f.settle();
  REQUIRE(stored(f).size() == 20);

  // This server itself is away until all of it is too old; then the other can be reached.
  f.clock.advance(10h);
  f.unreachable = nullptr;
  f.attempts.clear();
  f.begin_life();
  const WallTime start = f.clock.now();
  f.settle();
  CHECK(f.life->reports.sent.empty());
  while (f.advance(start + 2h)) {
  }
  CHECK(f.attempts.size() == 20);
  CHECK(f.life->reports.sent.empty());
  CHECK(stored(f).empty());
}

}  // namespace queued_queue_outage_test
