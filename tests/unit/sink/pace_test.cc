#include "tests/sink/pace.h"

#include <catch2/catch.hpp>
#include <vector>

namespace postrider::sink {

TEST_CASE("sink pace: how far ahead of the rate messages came", "[sink]") {
  struct Case {
    const char* what;
    std::vector<double> times;  // of messages that may come ten times a second
    double ahead;
  };
  const std::vector<Case> cases{
      {"none", {}, 0},
      {"one", {5}, 0},
      {"at the rate", {5, 5.1, 5.2, 5.3}, 0},
      {"slower", {5, 5.2, 5.9}, 0},
      {"two at once", {5, 5}, 0.1},
      {"a burst of four, then at the rate", {5, 5, 5, 5, 5.1, 5.2}, 0.3},
      {"twice as fast", {5, 5.05, 5.1, 5.15, 5.2}, 0.2},
      {"a pause is no credit", {5, 9, 9.1, 9.1}, 0.1},
      {"the worst of two bursts", {5, 5, 5, 8, 8}, 0.2},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    Pace pace(10);
    for (const double time : c.times) pace.on_message(Pace::Seconds(time));
    CHECK(pace.most_ahead().count() == Approx(c.ahead).margin(1e-9));
  }
}

}  // namespace postrider::sink
