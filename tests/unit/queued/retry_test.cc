#include "queued/retry.h"

#include <array>

#include <catch2/catch.hpp>

namespace queued_retry_test {

using namespace postrider;
using namespace std::chrono_literals;

namespace {

config::Settings::Queue settings() {
  config::Settings::Queue queue;
  queue.retry_interval = 30min;
  queue.retry_jitter = 10;
  queue.lifetime = 5 * 24h;
  queue.bounce_lifetime = 24h;
  queue.delay_warning = 4h;
  return queue;
}

const WallTime kNow(1'800'000'000s);

}  // namespace

TEST_CASE("queued retry: every interval, more or less the jitter", "[queued]") {
  SeededRandom random(7);
  std::chrono::microseconds least = 1h;
  std::chrono::microseconds most = 0s;
  for (int i = 0; i < 1000; ++i) {
    const auto wait = queued::next_attempt(settings(), 1, kNow, kNow + 24h, random) - kNow;
    least = std::min(least, wait);
    most = std::max(most, wait);
  }
  CHECK(least >= 27min);
  CHECK(least < 27min + 10s);
  CHECK(most <= 33min);
  CHECK(most > 33min - 10s);
}

TEST_CASE("queued retry: a schedule is followed, and its last entry repeats", "[queued]") {
  SeededRandom random(7);
  auto queue = settings();
  queue.retry_jitter = 0;
  queue.retry_schedule = {5min, 15min, 30min};
  const auto after = [&](unsigned attempts) {
    return queued::next_attempt(queue, attempts, kNow, kNow + 24h, random) - kNow;
  };
  CHECK(after(1) == 5min);
  CHECK(after(2) == 15min);
  CHECK(after(3) == 30min);
  CHECK(after(100) == 30min);
}

TEST_CASE("queued retry: the last attempt comes at the expiry, never before now", "[queued]") {
  SeededRandom random(7);
  CHECK(queued::next_attempt(settings(), 9, kNow, kNow + 1min, random) == kNow + 1min);
  CHECK(queued::next_attempt(settings(), 9, kNow, kNow - 1min, random) == kNow);
  CHECK(queued::is_last(kNow, kNow));
  CHECK_FALSE(queued::is_last(kNow - 1us, kNow));
}

TEST_CASE("queued retry: a report lives by its own lifetime", "[queued]") {
  CHECK(queued::expiry(settings(), kNow, false) == kNow + 5 * 24h);
  CHECK(queued::expiry(settings(), kNow, true) == kNow + 24h);
}

TEST_CASE("queued retry: the warning is due after its delay, and never when it is off",
          "[queued]") {
  CHECK(queued::warning_is_due(settings(), kNow, kNow + 4h));
  CHECK_FALSE(queued::warning_is_due(settings(), kNow, kNow + 4h - 1us));
  auto off = settings();
  off.delay_warning = 0s;
  CHECK_FALSE(queued::warning_is_due(off, kNow, kNow + 100h));
}

TEST_CASE("queued retry: a thousand deferred together return over the whole jitter", "[queued]") {
  SeededRandom random(7);
  std::array<int, 6> minutes{};  // from the 27th on
  for (int i = 0; i < 1000; ++i) {
    const auto wait = queued::next_attempt(settings(), 1, kNow, kNow + 24h, random) - kNow;
    ++minutes.at(static_cast<std::size_t>((wait - 27min) / 1min));
  }
  for (const int returning : minutes) CHECK(returning < 250);
}

TEST_CASE("queued retry: who waits for a destination is looked at to be warned and to be given up",
          "[queued]") {
  const auto queue = settings();
  const WallTime end = kNow + 5 * 24h;
  CHECK(queued::next_look(queue, kNow, true, kNow, end) == kNow + 4h);
  CHECK(queued::next_look(queue, kNow, false, kNow, end) == end);
  CHECK(queued::next_look(queue, kNow, true, kNow, kNow + 1h) == kNow + 1h);
  CHECK(queued::next_look(queue, kNow, false, end + 1h, end) == end + 1h);
  auto off = settings();
  off.delay_warning = 0s;
  CHECK(queued::next_look(off, kNow, true, kNow, end) == end);
}

TEST_CASE("queued retry: a warning that could not be written is not tried again at once",
          "[queued]") {
  CHECK(queued::next_look(settings(), kNow - 5h, true, kNow, kNow + 24h) == kNow + 30min);
}

}  // namespace queued_retry_test
