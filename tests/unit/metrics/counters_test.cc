#include "common/metrics/counters.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/unit/temp_directory.h"

using namespace postrider;
using metrics::Counter;

TEST_CASE("metrics counters: survive their worker and are summed over all", "[metrics]") {
  const test::TempDirectory directory;
  {
    auto first = metrics::Counters::open(directory.path(), "smtpd", 0);
    REQUIRE(first);
    first->add(Counter::smtp_messages_accepted);
    first->add(Counter::smtp_messages_accepted, 4);
  }
  auto again = metrics::Counters::open(directory.path(), "smtpd", 0);
  auto other = metrics::Counters::open(directory.path(), "smtpd", 1);
  REQUIRE((again && other));
  CHECK(again->value(Counter::smtp_messages_accepted) == 5);
  other->add(Counter::smtp_messages_accepted, 10);
  const auto sums = metrics::read_all(directory.path());
  CHECK(sums[static_cast<std::size_t>(Counter::smtp_messages_accepted)] == 15);
  CHECK(sums[static_cast<std::size_t>(Counter::pop3_logins)] == 0);
}

TEST_CASE("metrics counters: what they will write is reserved", "[metrics]") {
  const test::TempDirectory directory;
  REQUIRE(metrics::Counters::open(directory.path(), "smtpd", 0));
  struct stat status {};
  REQUIRE(::stat(directory.path("smtpd.0.counters").c_str(), &status) == 0);
  CHECK(status.st_blocks > 0);
}

TEST_CASE("metrics counters: a folder that is not there is an error that names it", "[metrics]") {
  const auto counters = metrics::Counters::open("/nonexistent", "smtpd", 0);
  REQUIRE_FALSE(counters);
  CHECK(counters.error().text.find("/nonexistent") != std::string::npos);
}

TEST_CASE("metrics counters: each has a name of its own", "[metrics]") {
  for (std::size_t i = 0; i < metrics::kCounters; ++i) {
    const auto& text = metrics::text_of(static_cast<Counter>(i));
    CHECK(text.name.starts_with("postrider_"));
    CHECK(text.name.ends_with("_total"));
    for (std::size_t j = 0; j < i; ++j)
      CHECK(text.name != metrics::text_of(static_cast<Counter>(j)).name);
  }
}
