#include "deliverd/remote/throttle.h"

#include <catch2/catch.hpp>

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
    throttle.begin(now);
    ++begun;
    now += 1us;
  }
  now = end;
  return begun;
}

}  // namespace

TEST_CASE("throttle: without an interval nothing waits", "[deliverd]") {
  Throttle throttle;
  for (int i = 0; i < 100; ++i) {
    CHECK(throttle.wait(5s) == 0us);
    throttle.begin(5s);
  }
}

TEST_CASE("throttle: an interval lies between two messages, also after a pause", "[deliverd]") {
  Throttle throttle(100ms);
  CHECK(throttle.wait(5s) == 0us);
  throttle.begin(5s);
  CHECK(throttle.wait(5s) == 100ms);
  CHECK(throttle.wait(5s + 60ms) == 40ms);
  throttle.begin(9s);
  CHECK(throttle.wait(9s) == 100ms);
}

TEST_CASE("throttle: timers that are late do not add up, and no time has more than its share",
          "[deliverd]") {
  Throttle throttle(10ms);
  microseconds now = 1s;
  microseconds previous{0};
  int begun = 0;
  while (now < 2s) {
    now += throttle.wait(now) + 3ms;  // the timer's delay
    throttle.begin(now);
    CHECK(now - previous >= 10ms - 3ms);
    previous = now;
    ++begun;
  }
  CHECK(begun >= 99);
  CHECK(begun <= 101);
}

TEST_CASE("throttle: a server that pushes back gets at most half of what it got", "[deliverd]") {
  Throttle throttle;
  microseconds now = 1s;
  for (; now < 3s; now += 10ms) throttle.begin(now);  // 100 a second
  throttle.on_pushed_back(now);
  CHECK(begun_within(throttle, now, 1s) <= 51);
  throttle.on_pushed_back(now);
  CHECK(begun_within(throttle, now, 1s) <= 26);
}

TEST_CASE("throttle: one burst is pushed back once, and there is a slowest pace", "[deliverd]") {
  Throttle throttle;
  throttle.begin(1s);
  throttle.on_pushed_back(1s);
  const auto once = throttle.interval();
  throttle.on_pushed_back(1s + 500ms);
  CHECK(throttle.interval() == once);
  for (int i = 0; i < 30; ++i) throttle.on_pushed_back(10s + i * 2s);
  CHECK(throttle.interval() == Throttle::kMost);
}

TEST_CASE("throttle: it recovers with what is taken, to what was configured", "[deliverd]") {
  Throttle throttle(50ms);
  throttle.begin(1s);
  for (int i = 0; i < 10; ++i) throttle.on_pushed_back(2s + i * 2s);
  CHECK(throttle.interval() > 1s);
  for (int i = 0; i < 300; ++i) throttle.on_served();
  CHECK(throttle.interval() == 50ms);
}
