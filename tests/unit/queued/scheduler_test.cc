#include "queued/scheduler.h"

#include <catch2/catch.hpp>

using namespace postrider::queued;

namespace {

Message message_to(std::vector<std::string> next_hops) {
  Message message;
  for (std::string& hop : next_hops)
    message.data.recipients.push_back({.state = RecipientState::attempted, .next_hop = hop});
  return message;
}

std::string next_hop(Scheduler& scheduler, WorkKind kind = WorkKind::remote) {
  auto work = scheduler.next(kind);
  return work ? work->next_hop : "none";
}

}  // namespace

TEST_CASE("queued scheduler: destinations take turns, however long one line is", "[queued]") {
  Scheduler scheduler(100);
  Message message;
  for (int i = 0; i < 50; ++i) scheduler.add({&message, "mx:big.test", {}});
  for (int i = 0; i < 2; ++i) scheduler.add({&message, "mx:small.test", {}});
  CHECK(next_hop(scheduler) == "mx:big.test");
  CHECK(next_hop(scheduler) == "mx:small.test");
  CHECK(next_hop(scheduler) == "mx:big.test");
  CHECK(next_hop(scheduler) == "mx:small.test");
  CHECK(next_hop(scheduler) == "mx:big.test");
  CHECK(next_hop(scheduler) == "mx:big.test");
}

TEST_CASE("queued scheduler: a destination at its bound waits, and others go on", "[queued]") {
  Scheduler scheduler(2);
  Message message;
  for (int i = 0; i < 5; ++i) scheduler.add({&message, "mx:slow.test", {}});
  CHECK(next_hop(scheduler) == "mx:slow.test");
  CHECK(next_hop(scheduler) == "mx:slow.test");
  CHECK(next_hop(scheduler) == "none");
  scheduler.add({&message, "mx:other.test", {}});
  CHECK(next_hop(scheduler) == "mx:other.test");
  scheduler.finished("mx:slow.test");
  CHECK(next_hop(scheduler) == "mx:slow.test");
  CHECK(next_hop(scheduler) == "none");
}

TEST_CASE("queued scheduler: local and remote are rings of their own", "[queued]") {
  Scheduler scheduler(1);
  Message message;
  for (int i = 0; i < 3; ++i) scheduler.add({&message, "local", {}});
  CHECK(next_hop(scheduler) == "none");
  for (int i = 0; i < 3; ++i) CHECK(next_hop(scheduler, WorkKind::local) == "local");
}

TEST_CASE("queued scheduler: what waits for a message can be taken back", "[queued]") {
  Scheduler scheduler(1);
  Message one = message_to({"mx:a.test", "mx:b.test"});
  Message two = message_to({"mx:a.test"});
  scheduler.add({&one, "mx:a.test", {0}});
  scheduler.add({&one, "mx:b.test", {1}});
  scheduler.add({&two, "mx:a.test", {0}});
  CHECK(scheduler.withdraw({&one}).size() == 2);
  const auto work = scheduler.next(WorkKind::remote);
  REQUIRE(work);
  CHECK(work->message == &two);
  CHECK_FALSE(scheduler.next(WorkKind::remote));
}

TEST_CASE("queued scheduler: a destination without work is forgotten", "[queued]") {
  Scheduler scheduler(1);
  Message message;
  scheduler.add({&message, "mx:a.test", {}});
  CHECK(scheduler.destinations() == 1);
  CHECK(next_hop(scheduler) == "mx:a.test");
  scheduler.finished("mx:a.test");
  CHECK(scheduler.destinations() == 0);
}
