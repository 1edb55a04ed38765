#include "common/config/destinations.h"

#include <catch2/catch.hpp>

namespace config_destinations_test {

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

TEST_CASE("config destinations: a socket is limited by its own name alone", "[config]") {
  const std::vector<DestinationLimits> destinations{
      {{"*"}, {"*"}, 1, 0, {}},
      {{}, {"mx.a.test", "unix:/run/Store/lmtp"}, 2, 0, {}},
  };
  const auto limited = [&](std::string_view socket) {
    return find_destination(destinations, socket, "") == &destinations[1];
  };
  CHECK(limited("unix:/run/Store/lmtp"));
  for (const char* other : {"unix:/run/store/lmtp", "unix:/run/Store", "unix:/run/Store/lmtp2"})
    CHECK(find_destination(destinations, other, "") == nullptr);
  CHECK(find_destination(destinations, "[192.0.2.1]", "") == &destinations[0]);
}

TEST_CASE("config destinations: what may stand behind host", "[config]") {
  for (const char* right : {"*", "a.test", ".a.test", "[192.0.2.1]", "unix:/run/lmtp"})
    CHECK(is_limited_host(right));
  for (const char* wrong : {"", "*.a.test", "192.0.2.1", "/run/lmtp", "unix:", "unix:lmtp",
                            "unix:/a,b", "lmtp:unix:/run/lmtp", "unix:/run/*\n"})
    CHECK_FALSE(is_limited_host(wrong));
}

}  // namespace config_destinations_test
