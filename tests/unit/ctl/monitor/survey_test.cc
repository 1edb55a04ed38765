#include "ctl/monitor/survey.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

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
  const auto is_silent = [&] { return surveyor.look(ctl::Depth::counts).queue.is_silent; };
  CHECK_FALSE(is_silent());

  const std::string path = run.path("queued.sock");
  {
    const auto silent = net::open_listening_unix_socket(path, 0600);
    REQUIRE(silent);
    const ctl::Survey survey = surveyor.look(ctl::Depth::counts);
    CHECK(survey.queue.is_silent);
    CHECK_FALSE(survey.queued_answers());
  }
  REQUIRE(::unlink(path.c_str()) == 0);
  clock.advance(ctl::Surveyor::kKept - 1ms);
  CHECK(is_silent());
  clock.advance(1ms);
  CHECK_FALSE(is_silent());
}

TEST_CASE("survey: a queued that ends while it is asked is asked again", "[ctl]") {
  const test::TempDirectory run;
  config::Settings settings = test::settings_of_test();
  settings.paths.run = run.path();
  const ManualClock clock;
  ctl::Surveyor surveyor(settings, clock, 60s);
  const auto listening = net::open_listening_unix_socket(run.path("queued.sock"), 0600);
  REQUIRE(listening);
  std::size_t asked = 0;
  std::jthread ending([&](const std::stop_token& stop) {
    pollfd wanted{listening->get(), POLLIN, 0};
    while (!stop.stop_requested())
      if (::poll(&wanted, 1, 10) == 1 && Fd(::accept(listening->get(), nullptr, nullptr))) ++asked;
  });
  for (int i = 0; i < 3; ++i) {
    const ctl::Survey survey = surveyor.look(ctl::Depth::counts);
    CHECK_FALSE(survey.queued_answers());
    CHECK_FALSE(survey.queue.is_silent);
  }
  ending.request_stop();
  ending.join();
  CHECK(asked == 3);
}

}  // namespace ctl_monitor_survey_test
