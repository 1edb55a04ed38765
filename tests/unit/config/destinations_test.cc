#include "common/config/destinations.h"

#include <catch2/catch.hpp>

using namespace postrider::config;

TEST_CASE("config destinations: the first that matches the domain or the host counts", "[config]") {
  const std::vector<DestinationLimits> destinations{
      {{"a.test"}, {}, 1, 0, {}},
      {{"b.test", ".c.test"}, {".mail.test"}, 2, 0, {}},
      {{}, {"mx.big.test", "[192.0.2.1]"}, 3, 0, {}},
      {{".mail.test"}, {"*"}, 4, 0, {}},
  };
  const auto [domain, host, connections] = GENERATE(table<std::string, std::string, unsigned>({
      {"a.test", "mx.mail.test", 1},
      {"A.TEST", "mx.big.test", 1},
      {"b.test", "mx.b.test", 2},
      {"deep.c.test", "mx.b.test", 2},
      {"c.test", "mx.big.test", 3},
      {"c.test", "MX.Mail.test", 2},
      {"[192.0.2.1]", "", 3},
      {"[192.0.2.2]", "", 4},
      {"c.test", "elsewhere.test", 4},
  }));
  CAPTURE(domain, host);
  const DestinationLimits* const found = find_destination(destinations, domain, host);
  REQUIRE(found != nullptr);
  CHECK(found->connections == connections);
}

TEST_CASE("config destinations: what no table names has no limits", "[config]") {
  const std::vector<DestinationLimits> destinations{{{"a.test"}, {".mail.test"}, 1, 0, {}}};
  CHECK(find_destination(destinations, "b.test", "mail.test") == nullptr);
  CHECK(find_destination({}, "a.test", "mx.mail.test") == nullptr);
}
