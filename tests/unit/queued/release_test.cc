// Messages that their senders have held until a time (FUTURERELEASE).
#include "tests/unit/queued/fixture.h"

namespace queued_release_test {

using namespace postrider;
using namespace std::chrono_literals;
using postrider::test::QueueFixture;
using Request = ipc::AdminRequest;

namespace {

struct Fixture : QueueFixture {
  // A message to b@far.test that is held for that long.
  std::string hold(std::chrono::microseconds time) {
    release = clock.now() + time;
    return accept("a@x.test", {"b@far.test"});
  }

  void run(WallTime end) {
    settle();
    while (advance(end)) {
    }
  }

  ipc::QueuedMessage listed() {
    const auto messages = list(test::all_messages());
    REQUIRE(messages.size() == 1);
    return messages[0];
  }
};

}  // namespace

TEST_CASE("queued release: a message is not attempted before its time, and then at once",
          "[queued]") {
  Fixture f;
  const WallTime start = f.clock.now();
  f.hold(24h);
  f.settle();
  CHECK(f.life->queue.active() == 0);
  CHECK(f.listed().state() == "deferred");
  CHECK(f.listed().next_attempt_us() == (start + 24h).time_since_epoch().count());
  CHECK(f.listed().release_us() == f.listed().next_attempt_us());
  CHECK(f.logged.find("event=release_awaited") != std::string::npos);
  f.run(start + 24h - 1s);
  CHECK(f.attempts.empty());
  f.run(start + 24h + 2s);
  CHECK(f.attempts.size() == 1);
  CHECK(f.life->reports.sent.empty());
}

TEST_CASE("queued release: a restart keeps what is held, and what was not taken in yet",
          "[queued]") {
  Fixture f;
  const bool taken_in = GENERATE(true, false);
  const WallTime start = f.clock.now();
  f.hold(24h);
  if (taken_in) f.settle();
  f.begin_life();
  f.run(start + 23h);
  CHECK(f.attempts.empty());
  f.run(start + 25h);
  CHECK(f.attempts.size() == 1);
}

TEST_CASE("queued release: what is in the past is sent at once", "[queued]") {
  Fixture f;
  f.hold(-1h);
  f.settle();
  CHECK(f.attempts.size() == 1);
}

TEST_CASE("queued release: lifetime and warning count from the release", "[queued][slow]") {
  Fixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::DEFERRED, "later");
  };
  const WallTime start = f.clock.now();
  f.hold(10 * 24h);
  f.run(start + 10 * 24h + 3h);
  CHECK(f.life->reports.sent.empty());
  f.run(start + 10 * 24h + 5h);
  CHECK(f.life->reports.sent.size() == 1);
  f.run(start + 15 * 24h - 1h);
  CHECK(f.life->reports.sent.size() == 1);
  f.run(start + 15 * 24h + 1h);
  CHECK(f.life->reports.sent.size() == 2);
}

TEST_CASE("queued release: an operator sends it at once, or removes it", "[queued]") {
  Fixture f;
  const bool sends = GENERATE(true, false);
  f.hold(24h);
  f.settle();
  CHECK(f.operate(sends ? Request::RETRY : Request::ERASE, test::all_messages()) == 1U);
  f.settle();
  CHECK(f.attempts.size() == (sends ? 1 : 0));
}

TEST_CASE("queued release: what an operator has held and released is sent no sooner than its time",
          "[queued]") {
  Fixture f;
  const WallTime start = f.clock.now();
  const bool long_held = GENERATE(false, true);
  f.hold(24h);
  f.settle();
  CHECK(f.operate(Request::HOLD, test::all_messages()) == 1U);
  if (long_held) f.run(start + 30h);
  CHECK(f.operate(Request::RELEASE, test::all_messages()) == 1U);
  if (!long_held) CHECK(f.listed().next_attempt_us() == (start + 24h).time_since_epoch().count());
  f.settle();
  CHECK(f.attempts.size() == (long_held ? 1 : 0));
  f.run(start + 31h);
  CHECK(f.attempts.size() == 1);
}

TEST_CASE("queued release: one that the database cannot read now is not released too early",
          "[queued]") {
  Fixture f;
  f.hold(24h);
  f.settle();
  CHECK(f.operate(Request::HOLD, test::all_messages()) == 1U);
  auto other = sqlite::Database::open(f.paths.queue_db(), sqlite::Access::write);
  REQUIRE(other);
  REQUIRE(other->execute("ALTER TABLE recipient RENAME TO elsewhere"));
  CHECK_FALSE(f.operate(Request::RELEASE, test::all_messages()));
  REQUIRE(other->execute("ALTER TABLE elsewhere RENAME TO recipient"));
  CHECK(f.listed().state() == "held");
}

TEST_CASE("queued release: a disk that fails while a message waits puts it off no further",
          "[queued]") {
  Fixture f;
  const std::string away = f.directory.path("away");
  std::filesystem::rename(f.paths.deferred(), away);
  f.hold(queued::Queue::kWriteRetry / 2);
  f.settle();
  REQUIRE(f.logged.find("event=queue_db_failed") != std::string::npos);
  std::filesystem::rename(away, f.paths.deferred());
  f.clock.advance(queued::Queue::kWriteRetry);
  f.run(f.clock.now() + 2s);
  CHECK(f.attempts.size() == 1);
}

TEST_CASE("queued release: another route does not send it before its time", "[queued]") {
  Fixture f;
  const WallTime start = f.clock.now();
  f.hold(24h);
  f.settle();
  queued::Act act = test::act_of(Request::ROUTE, test::all_messages());
  act.set_via("smtp:relay.test:25");
  CHECK(f.operate(act, "--all") == 1U);
  f.run(start + 24h - 1s);
  CHECK(f.attempts.empty());
  f.run(start + 24h + 2s);
  CHECK(f.attempts == std::vector<std::string>{"smtp:relay.test:25: b@far.test"});
}

}  // namespace queued_release_test
