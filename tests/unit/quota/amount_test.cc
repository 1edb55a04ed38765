#include "common/quota/amount.h"

#include <catch2/catch.hpp>

namespace quota_amount_test {

using namespace postrider::quota;

TEST_CASE("amount: octets and messages have a limit each, and 0 is none", "[quota]") {
  struct Row {
    Amount amount, limit;
    Reached expected;
  };
  const Row row = GENERATE(values<Row>({{{10, 1}, {10, 1}, Reached::nothing},
                                        {{11, 1}, {10, 1}, Reached::octets},
                                        {{10, 2}, {10, 1}, Reached::messages},
                                        {{11, 2}, {10, 1}, Reached::octets},
                                        {{11, 2}, {0, 1}, Reached::messages},
                                        {{11, 2}, {10, 0}, Reached::octets},
                                        {{11, 2}, {0, 0}, Reached::nothing}}));
  CHECK(reached(row.amount, row.limit) == row.expected);
}

TEST_CASE("amount: sums do not wrap around, and nothing is less than nothing", "[quota]") {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  CHECK(Amount{kMost, 1} + Amount{1, 2} == Amount{kMost, 3});
  CHECK(Amount{1, 5} - Amount{2, 2} == Amount{0, 3});
}

}  // namespace quota_amount_test
