#include "ctl/monitor/overview.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/ctl/monitor/survey_model.h"

namespace ctl_monitor_overview_test {

using namespace postrider;
using namespace postrider::ctl;
using namespace std::chrono_literals;

namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("status: the keys that programs rely on are there", "[monitor]") {
  const Survey survey = test::troubled_survey();
  const auto document = to_json(survey, {}, {});
  for (const char* key :
       {"active", "deferred", "held", "deleted", "deleted_octets", "oldest", "started", "processes",
        "pauses", "counters", "mailboxes_nearly_full", "workers", "rates", "warnings"})
    CHECK(document.contains(key));
  CHECK(document["counters"].contains("postrider_smtp_messages_accepted_total"));
  CHECK(document["counters"].contains(R"(postrider_bans_total{kind="address"})"));
  CHECK(document["workers"].size() == survey.reading.lives.size());
  CHECK(document["rates"]["accepted"].is_null());
}

TEST_CASE("status: rates are of the last minute, and not made up", "[monitor]") {
  Survey survey = test::healthy_survey();
  Samples samples = test::steady_samples(Series::accepted, 30);
  survey.sample = samples.back();
  const Rates rates = rates_of(samples, survey.sample, 1min);
  REQUIRE(rates.accepted);
  CHECK(*rates.accepted == Approx(3));
  CHECK(has(status_text(survey, rates, {}, 0), "last minute: 180 accepted\n"));
  CHECK(has(status_text(survey, {}, {}, 0), "last minute: not known"));
}

TEST_CASE("status: what is wrong comes first", "[monitor]") {
  Survey survey = test::healthy_survey();
  survey.spool = DiskSpace{0, 1U << 30U};
  const auto warnings = warnings_of(survey, {}, test::settings_of_test());
  CHECK(status_text(survey, {}, warnings, 0).starts_with("! The file system of the spool has 0B"));
}

TEST_CASE("status: each worker stands there with its time", "[monitor]") {
  const std::string text = status_text(test::healthy_survey(), {}, {}, 0);
  CHECK(has(text, "smtpd            1"));
  CHECK(has(text, "1d "));
  CHECK(has(text, "30.0MiB"));
}

TEST_CASE("top: a screen keeps to its size, and names the busiest destination", "[monitor]") {
  const Survey survey = test::troubled_survey();
  const auto settings = test::settings_of_test();
  const auto warnings = warnings_of(survey, {}, settings);
  const std::string whole = top_screen(survey, {}, warnings, settings, {});
  CHECK(has(whole, "big.example.com"));
  CHECK(has(whole, "1480 deferred"));
  CHECK(has(whole, "connections: 59,"));
  const std::string screen = top_screen(survey, {}, warnings, settings, {.width = 30, .height = 5});
  CHECK(std::count(screen.begin(), screen.end(), '\n') == 5);
  for (std::size_t at = 0; at < screen.size();) {
    const std::size_t end = screen.find('\n', at);
    CHECK(end - at <= 30);
    at = end + 1;
  }
}

}  // namespace ctl_monitor_overview_test
