#include "common/log/condition.h"

#include <catch2/catch.hpp>

namespace log_condition_test {

using namespace postrider;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  std::size_t count(std::string_view event) const {
    std::size_t n = 0;
    for (std::size_t at = 0; (at = lines.find(event, at)) != std::string::npos; ++at) ++n;
    return n;
  }

  ManualClock clock;
  std::string lines;
  log::Logger logger{"test", log::Level::info, log::Format::logfmt, clock,
                     [this](std::string_view line) { lines += line; }};
  log::Condition full{logger, clock, {"disk_full", "disk_has_room", "mail is refused"}};
};

}  // namespace

TEST_CASE("log condition: is told when it begins and when it has passed, not for each that suffers",
          "[log]") {
  Fixture f;
  f.full.passed();
  CHECK(f.lines.empty());
  for (int i = 0; i < 1000; ++i) f.full.holds("no space");
  CHECK(f.count("level=error process=test event=disk_full reason=\"no space\" effect=\"mail is "
                "refused\"") == 1);
  f.full.passed();
  f.full.passed();
  CHECK(f.count("level=info process=test event=disk_has_room") == 1);
}

TEST_CASE("log condition: reminds while it lasts", "[log]") {
  Fixture f;
  f.full.holds("no space");
  f.clock.advance(log::Condition::kQuiet - 1us);
  f.full.holds("no space");
  CHECK(f.count("disk_full") == 1);
  f.clock.advance(1us);
  f.full.holds("no space");
  CHECK(f.count("disk_full") == 2);
}

TEST_CASE("log condition: what comes and goes is not told each time", "[log]") {
  Fixture f;
  for (int i = 0; i < 1000; ++i) {
    f.full.holds("no space");
    f.full.passed();
  }
  CHECK(f.count("disk_full") == 1);
  CHECK(f.count("disk_has_room") == 1);
}

}  // namespace log_condition_test
