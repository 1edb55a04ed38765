// Jobs that come back unattempted, as the servers of their destination bear no more.
#include "tests/unit/queued/verbs_fixture.h"

namespace queued_turns_test {

using namespace postrider;
using namespace std::chrono_literals;
using test::all_messages;
using test::Lines;

namespace {

struct Fixture : test::VerbsFixture {
  Fixture() {
    serve();
    postpones = [this](const ipc::Job& job) {
      if (job.next_hop() != "mx:slow.test" || clock.now() >= free_at) return 0us;
      ++postponed;
      return std::chrono::microseconds(1s);
    };
  }
  WallTime free_at = clock.now() + 10s;
  int postponed = 0;
};

}  // namespace

TEST_CASE("queued turns: a job that comes back unattempted goes again, and is no attempt",
          "[queued]") {
  Fixture f;
  f.accept("a@x.test", {"b@slow.test"});
  f.accept("a@x.test", {"c@other.test"});
  f.settle();
  CHECK(f.attempts == Lines{"mx:other.test: c@other.test"});
  CHECK(f.postponed == 1);
  CHECK(f.life->queue.under_way() == 0);
  REQUIRE(f.life->queue.summarize().size() == 1);
  CHECK(f.life->queue.summarize()[0].reason() ==
        "waiting for its turn: its servers are not asked to bear more");
  const WallTime end = f.clock.now() + 20s;
  while (f.attempts.size() < 2 && f.advance(end)) {
  }
  CHECK(f.attempts == Lines{"mx:other.test: c@other.test", "mx:slow.test: b@slow.test"});
  CHECK(f.postponed >= 5);
  CHECK(f.postponed <= 12);
  CHECK(f.logged.find("event=deferred") == std::string::npos);
  CHECK(f.logged.find("attempt=1") != std::string::npos);
  CHECK(f.files(f.paths.deferred()).empty());
  CHECK(f.life->queue.active() == 0);
}

TEST_CASE("queued turns: an operator's wish is met when the job comes back", "[queued]") {
  Fixture f;
  f.keeps = [](const ipc::Job&) { return true; };
  f.accept("a@x.test", {"b@slow.test"});
  f.settle();
  REQUIRE(f.kept() == 1);
  REQUIRE(f.operate(ipc::AdminRequest::HOLD, all_messages(), "later").value() == 1);
  f.answer_kept();
  f.settle();
  const auto held = f.list(all_messages());
  REQUIRE(held.size() == 1);
  CHECK(held[0].state() == "held");
  CHECK(f.attempts.empty());
}

TEST_CASE("queued turns: what comes back for a domain that was paused meanwhile goes behind it",
          "[queued]") {
  Fixture f;
  f.keeps = [](const ipc::Job&) { return true; };
  f.accept("a@x.test", {"b@slow.test"});
  f.settle();
  CHECK(f.pause("slow.test").empty());
  f.answer_kept();
  f.keeps = [](const ipc::Job&) { return false; };
  f.settle();
  CHECK(f.life->queue.active() == 0);
  const auto waiting = f.list(all_messages());
  REQUIRE(waiting.size() == 1);
  CHECK(waiting[0].recipients(0).reply().find("paused by the operator") == 0);
}

}  // namespace queued_turns_test
