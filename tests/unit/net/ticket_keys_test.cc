#include "common/net/ticket_keys.h"

#include <catch2/catch.hpp>

namespace net_ticket_keys_test {

using namespace postrider;
using net::TicketKeys;

TEST_CASE("net ticket keys: a key is found by its name until the next period is over", "[net]") {
  TicketKeys keys;
  const WallTime begin{TicketKeys::kPeriod * 1000};
  const auto last = TicketKeys::kPeriod - std::chrono::microseconds{1};
  const TicketKeys::Key key = keys.current(begin);
  CHECK(keys.current(begin + last).name == key.name);
  CHECK(keys.current(begin + TicketKeys::kPeriod).name != key.name);

  for (const auto age : {std::chrono::microseconds{0}, last + TicketKeys::kPeriod}) {
    const auto found = keys.find(key.name, begin + age);
    REQUIRE(found);
    CHECK(found->cipher == key.cipher);
    CHECK(found->mac == key.mac);
  }
  CHECK_FALSE(keys.find(key.name, begin + 2 * TicketKeys::kPeriod));
  CHECK_FALSE(keys.find(key.name, begin - std::chrono::microseconds{1}));
}

TEST_CASE("net ticket keys: each purpose, period and secret has keys of its own", "[net]") {
  TicketKeys keys;
  TicketKeys others;
  const WallTime now{TicketKeys::kPeriod * 1000};
  const TicketKeys::Key key = keys.current(now);
  CHECK(key.cipher != key.mac);
  CHECK(key.cipher != keys.current(now + TicketKeys::kPeriod).cipher);
  CHECK(key.cipher != others.current(now).cipher);
  CHECK_FALSE(others.find(key.name, now));
}

}  // namespace net_ticket_keys_test
