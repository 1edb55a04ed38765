#include "common/metrics/counters.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "common/metrics/reading.h"
#include "tests/unit/temp_directory.h"

namespace metrics_counters_test {

using namespace postrider;
using namespace std::chrono_literals;
using metrics::Counter;
using metrics::Counters;
using metrics::Duration;
using metrics::Gauge;

namespace {

const WallTime kStarted(1'795'293'498s);

Counters open(const test::TempDirectory& directory, std::string_view process, unsigned number) {
  auto counters = Counters::open(directory.path(), {process, number, kStarted, "1.2.3"});
  REQUIRE(counters);
  return std::move(*counters);
}

}  // namespace

TEST_CASE("metrics counters: survive their worker and are summed over all", "[metrics]") {
  const test::TempDirectory directory;
  {
    Counters first = open(directory, "smtpd", 0);
    first.add(Counter::smtp_messages_accepted);
    first.add(Counter::smtp_messages_accepted, 4);
  }
  Counters again = open(directory, "smtpd", 0);
  Counters other = open(directory, "smtpd", 1);
  CHECK(again.value(Counter::smtp_messages_accepted) == 5);
  other.add(Counter::smtp_messages_accepted, 10);
  open(directory, "pop3d", 0).add(Counter::pop3_logins);
  const metrics::Reading reading = metrics::read(directory.path());
  CHECK(reading.sum()[Counter::smtp_messages_accepted] == 15);
  CHECK(reading.sum()[Counter::pop3_logins] == 1);
  CHECK(reading.by_process.at("smtpd")[Counter::smtp_messages_accepted] == 15);
  CHECK(reading.by_process.at("smtpd")[Counter::pop3_logins] == 0);
}

TEST_CASE("metrics counters: what they will write is reserved", "[metrics]") {
  const test::TempDirectory directory;
  const Counters counters = open(directory, "smtpd", 0);
  struct stat status {};
  REQUIRE(::stat(directory.path("smtpd.0.counts").c_str(), &status) == 0);
  CHECK(status.st_blocks > 0);
}

TEST_CASE("metrics counters: a folder that is not there is an error that names it", "[metrics]") {
  const auto counters = Counters::open("/nonexistent/counters", {"smtpd", 0, kStarted, "1"});
  REQUIRE_FALSE(counters);
  CHECK(counters.error().text.find("/nonexistent") != std::string::npos);
}

TEST_CASE("metrics counters: a file of another version is replaced, and is left to who has it",
          "[metrics]") {
  const test::TempDirectory directory;
  const std::string path = directory.path("smtpd.0.counts");
  const std::string other(GENERATE(std::size_t{0}, std::size_t{7}, sizeof(metrics::CountsFile)),
                          'x');
  std::ofstream(path) << other;
  const Fd old(::open(path.c_str(), O_RDONLY));
  CHECK(metrics::read(directory.path()).by_process.empty());
  Counters counters = open(directory, "smtpd", 0);
  CHECK(counters.value(Counter::smtp_messages_accepted) == 0);
  counters.add(Counter::smtp_messages_accepted);
  struct stat status {};
  REQUIRE(::fstat(old.get(), &status) == 0);
  CHECK(static_cast<std::size_t>(status.st_size) == other.size());
  CHECK(metrics::read(directory.path()).sum()[Counter::smtp_messages_accepted] == 1);
}

TEST_CASE("metrics counters: a worker is known while it lives", "[metrics]") {
  const test::TempDirectory directory;
  {
    Counters counters = open(directory, "deliverd@local", 3);
    counters.set(Gauge::jobs, 7);
    counters.change(Gauge::connections, 2);
    counters.change(Gauge::connections, -1);
    // As another process sees it, which has no lock of ours.
    const metrics::Reading reading = metrics::read(directory.path());
    REQUIRE(reading.lives.size() == 1);
    const metrics::Life& life = reading.lives.front();
    CHECK(life.process == "deliverd@local");
    CHECK(life.worker == 3);
    CHECK(life.pid == static_cast<unsigned>(::getpid()));
    CHECK(life.started == kStarted);
    CHECK(life.version == "1.2.3");
    CHECK(life[Gauge::jobs] == 7);
    CHECK(reading.sum(Gauge::connections) == 1);
  }
  CHECK(metrics::read(directory.path()).lives.empty());
  CHECK_FALSE(std::filesystem::exists(
      directory.path("deliverd@local.3." + std::to_string(::getpid()) + ".life")));
}

TEST_CASE("metrics counters: what a worker that was killed left behind counts for nobody, and goes",
          "[metrics]") {
  const test::TempDirectory directory;
  const Counters counters = open(directory, "smtpd", 1);
  const std::string own = directory.path("smtpd.1." + std::to_string(::getpid()) + ".life");
  const std::string left = directory.path("smtpd.0.99999999.life");
  std::filesystem::copy_file(own, left);
  CHECK(metrics::read(directory.path()).lives.size() == 1);
  const Counters successor = open(directory, "smtpd", 0);
  CHECK_FALSE(std::filesystem::exists(left));
  CHECK(std::filesystem::exists(own));
  CHECK(metrics::read(directory.path()).lives.size() == 2);
}

TEST_CASE("metrics counters: a duration falls into the first bucket that it does not exceed",
          "[metrics]") {
  struct Case {
    std::chrono::microseconds time;
    std::size_t bucket;
  };
  const auto [time, bucket] = GENERATE(values<Case>({{-5us, 0},
                                                     {0us, 0},
                                                     {100us, 0},
                                                     {101us, 1},
                                                     {250us, 1},
                                                     {10s, metrics::kBounds - 1},
                                                     {10s + 1us, metrics::kBounds},
                                                     {240h, metrics::kBounds}}));
  const test::TempDirectory directory;
  open(directory, "smtpd", 0).observe(Duration::smtp_commit, time);
  const auto found = metrics::read(directory.path()).sum().histogram(Duration::smtp_commit);
  CHECK(found.buckets[bucket] == 1);
  CHECK(found.count() == 1);
  CHECK(found.sum == std::max(0us, time));
}

TEST_CASE("metrics counters: durations do not run into each other", "[metrics]") {
  Counters counters;
  for (std::size_t i = 0; i < metrics::kDurations; ++i) {
    const auto duration = static_cast<Duration>(i);
    for (std::size_t n = 0; n <= i; ++n) counters.observe(duration, 2400h);
  }
  for (std::size_t i = 0; i < metrics::kDurations; ++i)
    CHECK(counters.observed(static_cast<Duration>(i)) == i + 1);
  CHECK(counters.finding("other", "refuse") == 0);
}

TEST_CASE("metrics counters: a finding is counted by its check and what followed", "[metrics]") {
  Counters counters;
  counters.add_finding("helo_name", "tag");
  counters.add_finding("helo_name", "refuse");
  counters.add_finding("helo_name", "refuse");
  counters.add_finding("of_tomorrow", "defer");
  CHECK(counters.finding("helo_name", "tag") == 1);
  CHECK(counters.finding("helo_name", "refuse") == 2);
  CHECK(counters.finding("helo_name", "defer") == 0);
  CHECK(counters.finding("other", "defer") == 1);
}

}  // namespace metrics_counters_test
