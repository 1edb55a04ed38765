#include "common/config/dns_ports.h"

#include <catch2/catch.hpp>

namespace config_dns_ports_test {

using namespace postrider;

TEST_CASE("dns ports: those of the servers that are named, and always that of DNS", "[config]") {
  config::Settings settings;
  CHECK(config::dns_ports(settings) == std::vector<std::uint16_t>{53});
  settings.dns.servers = {"127.0.0.1:20053", "[::1]:5353"};
  CHECK(config::dns_ports(settings) == std::vector<std::uint16_t>{53, 20053, 5353});
}

}  // namespace config_dns_ports_test
