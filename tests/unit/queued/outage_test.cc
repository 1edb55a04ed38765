#include "queued/outage.h"

#include <catch2/catch.hpp>

namespace queued_outage_test {

using namespace postrider;
using namespace std::chrono_literals;
using queued::Outage;

namespace {

const WallTime kStart(1'800'000'000s);

config::Settings::Queue settings(std::chrono::seconds interval, std::uint64_t jitter) {
  config::Settings::Queue queue;
  queue.retry_interval = interval;
  queue.retry_jitter = jitter;
  return queue;
}

}  // namespace

TEST_CASE("queued outage: the time to the next probe doubles up to the interval of retries",
          "[queued]") {
  SeededRandom random(1);
  const auto queue = settings(30min, 0);
  Outage outage({"4.4.1", "connection refused"}, kStart, queue, random);
  std::vector<std::chrono::microseconds> waits{outage.next_probe() - kStart};
  for (int i = 0; i < 6; ++i) {
    const WallTime now = outage.next_probe();
    outage.on_probe_failed({"4.4.1", "connection timed out"}, now, queue, random);
    waits.push_back(outage.next_probe() - now);
  }
  CHECK(waits ==
        std::vector<std::chrono::microseconds>{1min, 2min, 4min, 8min, 16min, 30min, 30min});
  CHECK(outage.since() == kStart);
  CHECK(outage.reason().words == "connection timed out");
}

TEST_CASE("queued outage: no wait is longer than the interval of retries", "[queued]") {
  SeededRandom random(1);
  CHECK(Outage({}, kStart, settings(5s, 0), random).next_probe() == kStart + 5s);
}

TEST_CASE("queued outage: destinations that went down together are not probed together",
          "[queued]") {
  SeededRandom random(1);
  const auto queue = settings(30min, 10);
  const bool presumed = GENERATE(false, true);
  WallTime first = kStart + 1h;
  WallTime last = kStart;
  for (int i = 0; i < 1000; ++i) {
    const Outage outage =
        presumed ? Outage::presumed(kStart, queue, random) : Outage({}, kStart, queue, random);
    first = std::min(first, outage.next_probe());
    last = std::max(last, outage.next_probe());
  }
  CHECK(first >= kStart + (presumed ? 0s : 54s));
  CHECK(last <= kStart + (presumed ? 60s : 66s));
  CHECK(last - first > (presumed ? 59s : 11s));
}

TEST_CASE("queued outage: recipients are told for whom, why and since when they wait", "[queued]") {
  SeededRandom random(1);
  const Outage outage({"4.4.1", "connection timed out"}, kStart, settings(30min, 0), random);
  const queued::Reason told = outage.told_to_recipients("mx:x.test");
  CHECK(told.status == "4.4.1");
  CHECK(told.words == "waiting for mx:x.test: connection timed out since 2027-01-15 08:00 UTC");
}

TEST_CASE("queued outage: the path of a mail store's socket is not told", "[queued]") {
  SeededRandom random(1);
  const Outage outage({"4.4.1", "the mail store: busy"}, kStart, settings(30min, 0), random);
  const auto [destination, named] = GENERATE(table<std::string, std::string>({
      {"lmtp:unix:/run/lmtp", "mail store"},
      {"lmtp:unix:/run/a,smtp:b.test:25,lmtp:unix:/run/c", "mail store,smtp:b.test:25,mail store"},
  }));
  CHECK(outage.told_to_recipients(destination).words ==
        "waiting for " + named + ": the mail store: busy since 2027-01-15 08:00 UTC");
}

}  // namespace queued_outage_test
