#include "deliverd/remote/throttle.h"

#include <catch2/catch.hpp>

#include <deque>

namespace deliverd_remote_throttle_test {

using namespace postrider;
using namespace postrider::deliverd;
using namespace std::chrono_literals;
using std::chrono::microseconds;

namespace {

// Begins messages as soon as each may, for `time`; how many.
int begun_within(Throttle& throttle, microseconds& now, microseconds time) {
  const microseconds end = now + time;
  int begun = 0;
  while (now + throttle.wait(now) < end) {
    now += throttle.wait(now);
    throttle.begin(now, true);
    ++begun;
    now += 1us;
  }
  now = end;
  return begun;
}

}  // namespace

TEST_CASE("deliverd throttle: without a rate nothing waits", "[deliverd]") {
  Throttle throttle;
  for (int i = 0; i < 100; ++i) {
    CHECK(throttle.wait(5s) == 0us);
    throttle.begin(5s, true);
  }
}

TEST_CASE("deliverd throttle: a slow rate is spread evenly, also after a pause", "[deliverd]") {
  Throttle throttle({10, 1s});
  CHECK(throttle.wait(5s) == 0us);
  throttle.begin(5s, true);
  CHECK(throttle.wait(5s) == 100ms);
  CHECK(throttle.wait(5s + 60ms) == 40ms);
  throttle.begin(9s, false);
  CHECK(throttle.wait(9s) == 100ms);
}

TEST_CASE("deliverd throttle: no second has more than the rate, and nearly all of it is used",
          "[deliverd]") {
  const auto [rate, late] = GENERATE(table<config::Rate, microseconds>({
      {{1, 1s}, 0us},
      {{100, 1s}, 0us},
      {{100, 1s}, 3ms},
      {{8000, 1s}, 0us},
      {{8000, 1s}, 1ms},
      {{8000, 1s}, 7ms},
      {{600, 60s}, 1ms},
      {{1000, 3600s}, 1ms},
  }));
  CAPTURE(rate.count, late.count());
  Throttle throttle(rate);
  std::deque<microseconds> lately;  // within a period
  std::size_t begun = 0;
  microseconds now = 1s;
  while (begun < 3 * rate.count) {
    const microseconds wait = throttle.wait(now);
    if (wait > 0us) now += wait + late;  // the timer's delay
    throttle.begin(now, true);
    ++begun;
    lately.push_back(now);
    while (now - lately.front() >= rate.period) lately.pop_front();
    REQUIRE(lately.size() <= rate.count);
  }
  CHECK(now - 1s <= 3 * microseconds(rate.period) * 102 / 100 + 10ms);
}

TEST_CASE("deliverd throttle: a server that pushes back gets at most half of what it got",
          "[deliverd]") {
  Throttle throttle;
  microseconds now = 1s;
  throttle.begin(now, false);
  for (; now < 3s; now += 10ms) throttle.begin(now, true);  // 100 a second
  CHECK(throttle.on_pushed_back(now));
  CHECK(begun_within(throttle, now, 1s) <= 51);
  CHECK(throttle.on_pushed_back(now));
  CHECK(begun_within(throttle, now, 1s) <= 26);
}

TEST_CASE("deliverd throttle: one burst is pushed back once, and there is a slowest pace",
          "[deliverd]") {
  Throttle throttle;
  throttle.begin(1s, false);
  CHECK(throttle.on_pushed_back(1s));
  const auto once = throttle.interval();
  CHECK_FALSE(throttle.on_pushed_back(1s + 500ms));
  CHECK(throttle.interval() == once);
  for (int i = 0; i < 30; ++i) throttle.on_pushed_back(10s + i * 2s);
  CHECK(throttle.interval() == Throttle::kMost);
  CHECK_FALSE(throttle.on_pushed_back(100s));
}

TEST_CASE("deliverd throttle: a server that got little is not slowed down by much", "[deliverd]") {
  Throttle throttle;
  for (int i = 1; i < 50; ++i) throttle.begin(i * 60s, false);
  throttle.on_pushed_back(3000s);
  CHECK(throttle.interval() == Throttle::kLeast);
}

TEST_CASE("deliverd throttle: a push-back is forgotten with time", "[deliverd]") {
  Throttle throttle;
  throttle.begin(1s, false);
  for (int i = 0; i < 5; ++i) throttle.on_pushed_back(2s + i * 2s);
  const auto slowest = throttle.interval();
  throttle.begin(10s + Throttle::kEase, false);
  CHECK(throttle.interval() == slowest / 2);
  throttle.begin(2h, false);
  CHECK(throttle.interval() == 0s);
}

TEST_CASE("deliverd throttle: it recovers with what is taken, to what was configured",
          "[deliverd]") {
  Throttle throttle({20, 1s});
  throttle.begin(1s, false);
  for (int i = 0; i < 10; ++i) throttle.on_pushed_back(2s + i * 2s);
  CHECK(throttle.interval() > 1s);
  for (int i = 0; i < 300; ++i) throttle.on_served();
  CHECK(throttle.interval() == 50ms);
}

}  // namespace deliverd_remote_throttle_test
