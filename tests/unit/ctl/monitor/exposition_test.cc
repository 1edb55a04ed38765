#include "ctl/monitor/exposition.h"

#include <fstream>
#include <map>
#include <sstream>

#include <catch2/catch.hpp>

#include "ctl/monitor/metrics_manual.h"
#include "tests/unit/ctl/monitor/survey_model.h"

namespace ctl_monitor_exposition_test {

using namespace postrider;
using namespace postrider::ctl;
using namespace std::chrono_literals;
using metrics::Counter;
using metrics::Duration;

namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("monitor exposition: counters of all processes are added up", "[monitor]") {
  Survey survey = test::healthy_survey();
  test::set_counter(survey, "smtpd", Counter::authentications, 5);
  test::set_counter(survey, "pop3d", Counter::authentications, 7);
  test::set_counter(survey, "smtpd", Counter::smtp_tls_13, 3);
  const std::string text = exposition(survey, "0.1.0");
  CHECK(has_line(text, "postrider_authentications_total 12"));
  CHECK(has_line(text, R"(postrider_tls_sessions_total{service="smtp",version="1.3"} 3)"));
  CHECK(has_line(text, R"(postrider_tls_sessions_total{service="pop3",version="1.2"} 0)"));
  CHECK(has_line(text, R"(postrider_build_info{version="0.1.0"} 1)"));
}

TEST_CASE("monitor exposition: each family is told once, with its type and meaning", "[monitor]") {
  std::istringstream lines(exposition(test::troubled_survey(), "0.1.0"));
  std::map<std::string, int> types, helps;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string mark, kind, name;
    words >> mark >> kind >> name;
    if (line.starts_with("# TYPE")) ++types[name];
    if (line.starts_with("# HELP")) ++helps[name];
  }
  CHECK(types.size() > 60);
  CHECK(types == helps);
  for (const auto& [name, times] : types) {
    CAPTURE(name);
    CHECK(times == 1);
  }
}

TEST_CASE("monitor exposition: a histogram is cumulative, and ends in all", "[monitor]") {
  metrics::Counters counters;
  Survey survey = test::healthy_survey();
  auto& slots = survey.reading.by_process["smtpd"].slots();
  const std::size_t first =
      metrics::kFirstDuration +
      static_cast<std::size_t>(Duration::smtp_commit) * metrics::kDurationSlots;
  slots[first] = 2;                     // up to 100 us
  slots[first + 3] = 5;                 // up to 1 ms
  slots[first + metrics::kBounds] = 1;  // more than 10 s
  slots[first + metrics::kDurationSlots - 1] = 12'500'000;
  const std::string text = exposition(survey, "0.1.0");
  CHECK(has_line(text, R"(postrider_smtp_commit_seconds_bucket{le="0.0001"} 2)"));
  CHECK(has_line(text, R"(postrider_smtp_commit_seconds_bucket{le="0.001"} 7)"));
  CHECK(has_line(text, R"(postrider_smtp_commit_seconds_bucket{le="10"} 7)"));
  CHECK(has_line(text, R"(postrider_smtp_commit_seconds_bucket{le="+Inf"} 8)"));
  CHECK(has_line(text, "postrider_smtp_commit_seconds_count 8"));
  CHECK(has_line(text, "postrider_smtp_commit_seconds_sum 12.5"));
}

TEST_CASE("monitor exposition: what is told of each daemon has its name", "[monitor]") {
  Survey survey = test::healthy_survey();
  std::erase_if(survey.reading.lives,
                [](const metrics::Life& life) { return life.process == "pop3d"; });
  const std::string text = exposition(survey, "0.1.0");
  CHECK(has_line(text, R"(postrider_up{process="smtpd"} 1)"));
  CHECK(has_line(text, R"(postrider_up{process="pop3d"} 0)"));
  CHECK(has_line(text, R"(postrider_workers{process="smtpd"} 2)"));
  CHECK(has_line(text, R"(postrider_connections{process="smtpd"} 42)"));
  CHECK(text.find("postrider_certificate_expiry") == std::string::npos);
}

TEST_CASE("monitor exposition: of two generations of a worker the newer is told", "[monitor]") {
  Survey survey = test::healthy_survey();
  metrics::Life newer = survey.reading.lives.back();
  newer.started += 29h;
  survey.reading.lives.push_back(newer);
  survey.uses.push_back(ProcessUse{});
  const std::string text = exposition(survey, "0.1.0");
  const std::string series = R"(postrider_process_start_time_seconds{process="smtpd",worker="1"} )";
  CHECK(text.find(series) == text.rfind(series));
  CHECK(text.find(series) != std::string::npos);
}

TEST_CASE("monitor exposition: the queue by state and age", "[monitor]") {
  const std::string text = exposition(test::troubled_survey(), "0.1.0");
  CHECK(has_line(text, "postrider_queue_up 1"));
  CHECK(has_line(text, R"(postrider_queue_messages{state="deferred"} 1480)"));
  CHECK(has_line(text, R"(postrider_queue_messages_by_age{state="deferred",age="5m"} 40)"));
  CHECK(has_line(text, R"(postrider_queue_messages_by_age{state="deferred",age="3d"} 150)"));
  CHECK(has_line(text, R"(postrider_queue_messages_by_age{state="held",age="older"} 0)"));
  CHECK(has_line(text, "postrider_queue_oldest_message_age_seconds 180000"));
}

TEST_CASE("monitor exposition: of a queued that is silent nothing is made up", "[monitor]") {
  Survey survey = test::healthy_survey();
  survey.queue = {.asked = test::kNow, .failure = "it does not answer"};
  const std::string text = exposition(survey, "0.1.0");
  CHECK(has_line(text, "postrider_queue_up 0"));
  CHECK(text.find("postrider_queue_messages{") == std::string::npos);
  CHECK(has_line(text, "postrider_queue_recipients_delivered_total 0"));
}

TEST_CASE("metrics manual: the page in the source is that of the tables", "[monitor]") {
  INFO("write it anew: postrider monitor --manual > man/postrider-metrics.5");
  std::ostringstream page;
  page << std::ifstream(std::string(SOURCE_DIR) + "/man/postrider-metrics.5").rdbuf();
  CHECK(page.str() == metrics_manual());
}

}  // namespace ctl_monitor_exposition_test
