#include "ctl/monitor/survey.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "common/net/listener.h"
#include "tests/unit/ctl/monitor/survey_model.h"
#include "tests/unit/temp_directory.h"

namespace ctl_monitor_survey_test {

using namespace postrider;
using namespace std::chrono_literals;

TEST_CASE("survey: a queued that is silent is left alone for a while, one that is away is not",
          "[ctl]") {
  const test::TempDirectory run;
  config::Settings settings = test::settings_of_test();
  settings.paths.run = run.path();
  ManualClock clock;
  ctl::Surveyor surveyor(settings, clock, 0s);
  const auto is_there = [&] { return surveyor.look(ctl::Depth::counts).queue.is_there; };
  CHECK_FALSE(is_there());

  const std::string path = run.path("queued.sock");
  {
    const auto silent = net::open_listening_unix_socket(path, 0600);
    REQUIRE(silent);
    const ctl::Survey survey = surveyor.look(ctl::Depth::counts);
    CHECK(survey.queue.is_there);
    CHECK_FALSE(survey.queued_answers());
  }
  REQUIRE(::unlink(path.c_str()) == 0);
  clock.advance(ctl::Surveyor::kKept - 1ms);
  CHECK(is_there());
  clock.advance(1ms);
  CHECK_FALSE(is_there());
}

}  // namespace ctl_monitor_survey_test
