#include "common/metrics/table.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "common/checks/check.h"

namespace metrics_table_test {

using namespace postrider;

namespace {

template <typename Metric, std::size_t Count, typename Visit>
void for_each(Visit visit) {
  for (std::size_t i = 0; i < Count; ++i) visit(metrics::text_of(static_cast<Metric>(i)));
}

template <typename Visit>
void for_each_text(Visit visit) {
  for_each<metrics::Counter, metrics::kCounters>(visit);
  for_each<metrics::Gauge, metrics::kGauges>(visit);
  for_each<metrics::Duration, metrics::kDurations>(visit);
}

}  // namespace

TEST_CASE("metrics table: no two series are the same, and each name is explained once",
          "[metrics]") {
  std::set<std::string> series;
  std::map<std::string, int> explained;
  for_each_text([&](const metrics::MetricText& text) {
    CAPTURE(text.name, text.labels);
    CHECK(series.insert(std::string(text.name) + '{' + std::string(text.labels) + '}').second);
    if (!text.meaning.empty()) ++explained[std::string(text.name)];
  });
  for (const auto& [name, times] : explained) {
    CAPTURE(name);
    CHECK(times == 1);
  }
  for_each_text([&](const metrics::MetricText& text) {
    CHECK(explained.count(std::string(text.name)) == 1);
  });
}

TEST_CASE("metrics table: names are as Prometheus' conventions have them", "[metrics]") {
  for_each_text([](const metrics::MetricText& text) {
    CAPTURE(text.name);
    CHECK(text.name.starts_with("postrider_"));
    CHECK(text.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
          std::string_view::npos);
    CHECK(text.name.size() < 64);
  });
  for_each<metrics::Counter, metrics::kCounters>(
      [](const metrics::MetricText& text) { CHECK(text.name.ends_with("_total")); });
  for_each<metrics::Duration, metrics::kDurations>(
      [](const metrics::MetricText& text) { CHECK(text.name.ends_with("_seconds")); });
  for_each<metrics::Gauge, metrics::kGauges>(
      [](const metrics::MetricText& text) { CHECK_FALSE(text.name.ends_with("_total")); });
}

TEST_CASE("metrics table: the bounds of every histogram rise", "[metrics]") {
  for (std::size_t i = 0; i < metrics::kDurations; ++i) {
    const metrics::Scale& scale = metrics::scale_of(static_cast<metrics::Duration>(i));
    CHECK(std::adjacent_find(scale.begin(), scale.end(), std::greater_equal<>()) == scale.end());
    CHECK(scale.front().count() > 0);
  }
}

TEST_CASE("metrics table: every check is told apart", "[metrics]") {
  const auto names = metrics::check_names();
  for (const checks::Check& check : checks::all_checks()) {
    CAPTURE(check.name);
    CHECK(std::find(names.begin(), names.end(), check.name) != names.end());
  }
  CHECK(names.size() == checks::all_checks().size() + 1);
  CHECK(names.back() == "other");
}

}  // namespace metrics_table_test
