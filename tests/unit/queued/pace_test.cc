#include "queued/pace.h"

#include <catch2/catch.hpp>

namespace queued_pace_test {

using namespace postrider;
using namespace std::chrono_literals;
using queued::Pace;

namespace {

const WallTime kStart(1'800'000'000s);

}  // namespace

TEST_CASE("queued pace: without a result there is none", "[queued]") {
  CHECK(Pace(kStart).within(10s, kStart + 1h) == 0);
}

TEST_CASE("queued pace: a steady one is found, however long it lasts", "[queued]") {
  const auto duration = GENERATE(1s, 10s, 1000s);
  Pace pace(kStart);
  WallTime now = kStart;
  while (now < kStart + duration) {
    now += 10ms;
    pace.on_ended(now);
  }
  CHECK(pace.within(10s, now) >= 950);
  CHECK(pace.within(10s, now) <= 1050);
  CHECK_FALSE(pace.stands_still(1s, now));
  CHECK(pace.stands_still(1s, now + 1s));
}

TEST_CASE("queued pace: one that falls is noticed within a few seconds", "[queued]") {
  Pace pace(kStart);
  WallTime now = kStart;
  for (int i = 0; i < 60'000; ++i) pace.on_ended(now += 1ms);
  CHECK(pace.within(10s, now) > 9000);
  CHECK(pace.within(10s, now + 10s) < 3500);
  for (int i = 0; i < 30; ++i) pace.on_ended(now += 1s);
  CHECK(pace.within(10s, now) < 100);
}

TEST_CASE("queued pace: the first results together are not taken for an infinite one", "[queued]") {
  Pace pace(kStart);
  for (int i = 0; i < 5; ++i) pace.on_ended(kStart);
  CHECK(pace.within(10s, kStart) == 500);
}

TEST_CASE("queued pace: a clock that was set back is no pace, and no motion", "[queued]") {
  Pace pace(kStart);
  for (int i = 0; i < 1000; ++i) pace.on_ended(kStart + 1h);
  CHECK(pace.within(10s, kStart + 2s) == 0);
  CHECK(pace.stands_still(30s, kStart + 2s));
  for (int i = 1; i <= 10; ++i) pace.on_ended(kStart + 2s + i * 1s);
  CHECK(pace.within(10s, kStart + 12s) < 20);
  CHECK_FALSE(pace.stands_still(30s, kStart + 12s));
}

}  // namespace queued_pace_test
