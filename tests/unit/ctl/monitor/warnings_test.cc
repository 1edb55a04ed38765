#include "ctl/monitor/warnings.h"

#include <catch2/catch.hpp>

#include "tests/unit/ctl/monitor/survey_model.h"

namespace ctl_monitor_warnings_test {

using namespace postrider;
using namespace postrider::ctl;
using namespace std::chrono_literals;
using Weight = Warning::Weight;
using test::kNow;

namespace {

struct World {
  Survey survey = test::healthy_survey();
  Samples samples;
  config::Settings settings = test::settings_of_test();

  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const Warning& warning : warnings_of(survey, samples, settings))
      all.push_back(std::string(name_of(warning.weight)) + " " + std::string(warning.name));
    return all;
  }
  void set_gauge(metrics::Gauge gauge, std::int64_t value) {
    survey.reading.lives.front().gauges[static_cast<std::size_t>(gauge)] = value;
  }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("monitor warnings: there are none where all is well", "[monitor]") {
  CHECK(World().names().empty());
}

TEST_CASE("monitor warnings: a daemon without a worker is told, with what that means",
          "[monitor]") {
  World world;
  for (const auto daemon : daemon_names()) {
    World without;
    std::erase_if(without.survey.reading.lives,
                  [&](const metrics::Life& life) { return life.process == daemon; });
    CAPTURE(daemon);
    REQUIRE(without.names() == Names{"bad daemon_down"});
    CHECK(warnings_of(without.survey, {}, without.settings).front().what.starts_with(daemon));
  }
}

TEST_CASE("monitor warnings: space is told before it is too little", "[monitor]") {
  World world;
  world.settings.spool.min_free = 100U << 20U;
  world.survey.spool = DiskSpace{99U << 20U, 1U << 30U};
  CHECK(world.names() == Names{"bad spool_space"});
  world.survey.spool = DiskSpace{101U << 20U, 1U << 30U};
  CHECK(world.names() == Names{"soon spool_space"});
  world.survey.spool = DiskSpace{4ULL << 30U, 100ULL << 30U};
  CHECK(world.names() == Names{"soon spool_space"});
  world.survey.spool = DiskSpace{6ULL << 30U, 100ULL << 30U};
  CHECK(world.names().empty());
  world.survey.spool.reset();
  CHECK(world.names().empty());
}

TEST_CASE("monitor warnings: a certificate is told two weeks before its end, and after",
          "[monitor]") {
  World world;
  const auto set = [&](std::chrono::seconds left) {
    world.set_gauge(
        metrics::Gauge::certificate_expiry,
        std::chrono::floor<std::chrono::seconds>(kNow.time_since_epoch()).count() + left.count());
  };
  set(15 * 24h);
  CHECK(world.names().empty());
  set(13 * 24h);
  CHECK(world.names() == Names{"soon certificate"});
  set(-1s);
  CHECK(world.names() == Names{"bad certificate"});
}

TEST_CASE("monitor warnings: old mail is told from the delay warning on", "[monitor]") {
  World world;
  world.settings.queue.delay_warning = 4h;
  world.survey.queue.status.set_oldest_us(test::us_before(3h));
  CHECK(world.names().empty());
  world.survey.queue.status.set_oldest_us(test::us_before(5h));
  CHECK(world.names() == Names{"note old_mail"});
}

TEST_CASE("monitor warnings: what happened in the last hour counts, and no more", "[monitor]") {
  World world;
  world.samples = test::steady_samples(Series::commit_failures, 0);
  CHECK(world.names().empty());
  world.survey.sample = world.samples.back();
  world.survey.sample.time = kNow;
  world.survey.sample.values[static_cast<std::size_t>(Series::commit_failures)] = 2;
  CHECK(world.names() == Names{"bad storage_failures"});
  for (Sample& sample : world.samples)
    sample.values[static_cast<std::size_t>(Series::commit_failures)] = 2;
  CHECK(world.names().empty());
}

TEST_CASE("monitor warnings: the worst comes first", "[monitor]") {
  World world;
  world.survey = test::troubled_survey();
  world.survey.spool = DiskSpace{0, 1U << 30U};
  world.set_gauge(metrics::Gauge::destinations_down, 1);
  CHECK(world.names() == Names{"bad spool_space", "note old_mail", "note destinations_down",
                               "note mail_held", "note mailboxes_nearly_full"});
}

TEST_CASE("monitor warnings: each says in sentences what is wrong and what mends it", "[monitor]") {
  World world;
  world.survey = test::troubled_survey();
  world.survey.spool = DiskSpace{0, 1U << 30U};
  const auto warnings = warnings_of(world.survey, world.samples, world.settings);
  CHECK_FALSE(warnings.empty());
  for (const Warning& warning : warnings) {
    CAPTURE(warning.name);
    CHECK(warning.what.ends_with('.'));
    CHECK(warning.mend.ends_with('.'));
  }
}

}  // namespace ctl_monitor_warnings_test
