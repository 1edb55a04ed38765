#include "queued/ages.h"

#include <catch2/catch.hpp>

#include "tests/unit/queued/verbs_fixture.h"

namespace queued_ages_test {

using namespace postrider;
using namespace std::chrono_literals;
using queued::AgeCounts;

TEST_CASE("queued ages: a bound belongs to the older class, and the future is young", "[queued]") {
  const WallTime now(1'795'293'498s);
  struct Case {
    std::chrono::seconds age;
    std::size_t which;
  };
  const auto [age, which] = GENERATE(values<Case>({{-1h, 0},
                                                   {0s, 0},
                                                   {299s, 0},
                                                   {300s, 1},
                                                   {1h - 1s, 1},
                                                   {1h, 2},
                                                   {4h, 3},
                                                   {24h, 4},
                                                   {72h - 1s, 4},
                                                   {72h, 5},
                                                   {2400h, 5}}));
  CHECK(queued::age_class(now - age, now) == which);
}

TEST_CASE("queued ages: what waits on disk is told by its age, as what is in memory", "[queued]") {
  test::VerbsFixture f;
  f.keeps = [](const ipc::Job&) { return false; };
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  f.clock.advance(20min);
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  f.clock.advance(1min);
  std::optional<queued::StoreReader::Ages> ages;
  const PendingPtr question = f.life->store.read(
      [now = f.clock.now()](queued::StoreReader& store) { return store.ages(now); },
      [&](const Result<queued::StoreReader::Ages>& found) {
        REQUIRE(found);
        ages = *found;
      });
  f.run_until([&] { return ages.has_value(); });
  CHECK(ages->deferred == AgeCounts{1, 1, 0, 0, 0, 0});
  CHECK(ages->held == AgeCounts{});
  CHECK(f.life->queue.ages() == AgeCounts{});
  f.keeps = [](const ipc::Job&) { return true; };
  f.accept("a@x.test", {"b@far.test"});
  f.settle();
  CHECK(f.life->queue.ages() == AgeCounts{1, 0, 0, 0, 0, 0});
}

TEST_CASE("queued ages: who was refused for good is remembered, so many of them", "[queued]") {
  test::VerbsFixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return test::VerbsFixture::result(ipc::FAILED, "550 5.1.1 no such user");
  };
  for (std::size_t i = 0; i < queued::Queue::kFailures + 3; ++i)
    f.accept("<>", {"u" + std::to_string(i) + "@far.test"});
  f.settle();
  const auto& failures = f.life->queue.failures();
  REQUIRE(failures.size() == queued::Queue::kFailures);
  CHECK(failures.back().reply() == "550 5.1.1 no such user");
  CHECK_FALSE(failures.back().expired());
  CHECK(failures.back().time_us() == f.clock.now().time_since_epoch().count());
}

}  // namespace queued_ages_test
