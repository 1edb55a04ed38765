// queue_property.cc - a hundred thousand messages for a destination that is down, beside a hundred
// destinations that are up: the queue with its real store, under virtual time.
#include <cstdio>
#include <cstdlib>

#include "tests/unit/queued/fixture.h"

using namespace postrider;
using namespace std::chrono_literals;
using test::QueueFixture;

namespace {

constexpr std::size_t kLive = 100;
constexpr std::string_view kDead = "mx:dead.test";

// The whole hundred thousand where POSTRIDER_LONG asks for it.
std::size_t backlog() { return std::getenv("POSTRIDER_LONG") == nullptr ? 20'000 : 100'000; }

// Mail for the hundred, and how it was served.
struct Round {
  std::size_t jobs_before_the_last = 0;  // of any destination
  std::size_t dead_jobs = 0;
  std::chrono::microseconds time{0};
};

struct World : QueueFixture {
  World() {
    settings.queue.active_limit = 2000;
    settings.queue.retry_jitter = 10;
    settings.queue.delay_warning = 0s;
    unreachable = [this](const ipc::Job& job) {
      ipc::Unreachable timed_out;
      if (down && job.next_hop() == kDead) timed_out.set_reply("connection timed out");
      return timed_out;
    };
  }

  void accept_round() {
    for (std::size_t i = 0; i < kLive; ++i)
      accept("a@x.test", {"b@" + std::to_string(i) + ".test"});
  }

  Round serve_round() {
    attempts.clear();
    const WallTime start = clock.now();
    const auto live_jobs = [this] {
      return static_cast<std::size_t>(
          std::count_if(attempts.begin(), attempts.end(),
                        [](const std::string& one) { return !one.starts_with(kDead); }));
    };
    settle();
    while (live_jobs() < kLive && advance(start + 1h)) {
    }
    Round round{.time = clock.now() - start};
    REQUIRE(live_jobs() == kLive);
    for (std::size_t served = 0; served < kLive; ++round.jobs_before_the_last) {
      const bool dead = attempts[round.jobs_before_the_last].starts_with(kDead);
      ++(dead ? round.dead_jobs : served);
    }
    return round;
  }

  std::size_t put_behind() const {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = logged.find("event=put_behind", at)) != std::string::npos; ++at)
      ++count;
    return count;
  }

  bool down = true;
};

}  // namespace

TEST_CASE("property: a hundred destinations are served as if the dead one did not exist",
          "[property]") {
  const std::size_t dead_mail = backlog();
  World alone;
  alone.accept_round();
  const Round expected = alone.serve_round();
  CHECK(expected.time == 0us);
  CHECK(expected.jobs_before_the_last == kLive);

  World f;
  f.accept_many(dead_mail, "a@x.test", {"b@dead.test"});
  f.accept_round();
  f.keeps = [](const ipc::Job& job) { return job.next_hop() == kDead; };  // its connections hang
  const Round first = f.serve_round();
  CHECK(first.time == 0us);
  CHECK(first.dead_jobs == 0);

  // They time out. From now on it is known to be down.
  f.clock.advance(30s);
  f.keeps = [](const ipc::Job&) { return false; };
  f.answer_kept();
  f.settle();
  CHECK(f.life->queue.active() == 0);
  f.accept_round();
  const Round second = f.serve_round();
  CHECK(second.time == 0us);
  CHECK(second.dead_jobs <= 1);

  // For a day there are probes, and nothing is cycled between disk and memory.
  f.attempts.clear();
  const std::size_t put_behind = f.put_behind();
  const WallTime start = f.clock.now();
  while (f.advance(start + 24h)) {
  }
  const std::size_t probes = f.attempts.size();
  CHECK(probes < 2 * 48 + 10);
  CHECK(f.put_behind() - put_behind < 200);

  // It is back: all are sent, never more at a time than its window, which grows from one.
  f.down = false;
  f.attempts.clear();
  std::vector<std::size_t> at_once;
  f.keeps = [](const ipc::Job&) { return true; };
  while (f.advance(start + 48h) && f.attempts.size() < dead_mail) {
    for (std::size_t kept = f.kept(); kept > 0; kept = f.kept()) {
      at_once.push_back(kept);
      f.answer_kept();
      f.settle();
    }
  }
  CHECK(f.attempts.size() == dead_mail);
  CHECK(f.life->queue.active() == 0);
  CHECK(*std::max_element(at_once.begin(), at_once.end()) <=
        f.settings.queue.destination_concurrency);
  REQUIRE(at_once.size() > 10);
  for (std::size_t i = 0; i < 10; ++i) CHECK(at_once[i] <= i + 2);
  std::printf(
      "%zu messages for the dead: the %zu were served after %zu and %zu jobs (alone %zu), "
      "%zu probes in a day, put behind %zu, back in %zu rounds of at most %zu\n",
      dead_mail, kLive, first.jobs_before_the_last, second.jobs_before_the_last,
      expected.jobs_before_the_last, probes, f.put_behind(), at_once.size(),
      *std::max_element(at_once.begin(), at_once.end()));
}
