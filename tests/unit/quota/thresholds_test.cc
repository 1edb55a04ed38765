#include "common/quota/thresholds.h"

#include <array>

#include <catch2/catch.hpp>

namespace quota_thresholds_test {

using namespace postrider::quota;

TEST_CASE("thresholds: the percentage is that of octets or of messages, whichever is more",
          "[quota]") {
  CHECK(percent_of({799, 1}, {1000, 0}) == 79);
  CHECK(percent_of({800, 1}, {1000, 0}) == 80);
  CHECK(percent_of({100, 19}, {1000, 20}) == 95);
  CHECK(percent_of({1000, 1}, {0, 0}) == 0);
  CHECK(percent_of({1100, 1}, {1000, 0}) == 110);
  CHECK(percent_of({UINT64_MAX, 1}, {1, 0}) == 1000);
  CHECK(percent_of({UINT64_MAX / 2, 1}, {UINT64_MAX - 1, 0}) == 50);
}

TEST_CASE("thresholds: one is told of when it is reached, and again only after a margin below it",
          "[quota]") {
  const std::array<std::uint64_t, 2> thresholds{80, 95};
  struct Row {
    std::uint64_t told, before, after;
    Telling expected;
  };
  const Row row = GENERATE(values<Row>({
      {0, 10, 79, {0, false}},
      {0, 79, 80, {80, true}},
      {80, 80, 94, {80, false}},
      {80, 80, 95, {95, true}},
      {0, 79, 95, {95, true}},
      {95, 90, 95, {95, false}},  // it was below by no more than the margin
      {95, 89, 95, {95, true}},
      {95, 89, 94, {80, false}},
      {80, 75, 80, {80, false}},
      {80, 74, 79, {0, false}},
      {95, 10, 20, {0, false}},
      {0, 85, 86, {80, true}},  // somebody else has filled it
  }));
  CHECK(telling(thresholds, row.told, row.before, row.after) == row.expected);
  CHECK(telling({}, 0, 10, 100) == Telling{});
}

}  // namespace quota_thresholds_test
