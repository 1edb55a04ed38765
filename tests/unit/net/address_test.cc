#include "common/net/address.h"

#include <catch2/catch.hpp>

namespace net_address_test {

using namespace postrider;
using net::IpAddress;
using net::Network;
using net::SocketAddress;

TEST_CASE("network: the one around an address is its /24, or its /64", "[net]") {
  const auto around = [](const char* ip) {
    return Network::around(IpAddress::parse(ip).value()).str();
  };
  CHECK(around("192.0.2.77") == "192.0.2.0/24");
  CHECK(around("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
  CHECK(net::to_client_name(IpAddress::parse("192.0.2.77").value()) == "192.0.2.77");
  CHECK(net::to_client_name(IpAddress::parse("2001:db8:1:2:3:4:5:6").value()) ==
        "2001:db8:1:2::/64");
}

TEST_CASE("net address: what is written is what was read", "[net]") {
  const auto text = GENERATE(values<std::string>({"192.0.2.1", "2001:db8::1", "::1", "0.0.0.0"}));
  CHECK(IpAddress::parse(text).value().str() == text);
}

TEST_CASE("net address: an IPv4 address in IPv6 clothes is an IPv4 address", "[net]") {
  const auto ip = IpAddress::parse("::ffff:192.0.2.1").value();
  CHECK(ip.is_v4());
  CHECK(ip == IpAddress::parse("192.0.2.1").value());
  CHECK(ip.literal() == "[192.0.2.1]");
  CHECK(IpAddress::parse("2001:db8::1").value().literal() == "[IPv6:2001:db8::1]");
  CHECK(ip.arpa_name() == "1.2.0.192.in-addr.arpa");
  CHECK(IpAddress::parse("2001:db8::a").value().arpa_name() ==
        "a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

TEST_CASE("net address: refuses what is not an address", "[net]") {
  using namespace std::string_literals;
  const auto text =
      GENERATE(values<std::string>({"", "localhost", "192.0.2", "192.0.2.256", "1.2.3.4.5",
                                    "fe80::1%eth0", "[::1]", "192.0.2.1\0x"s, "01.2.3.4x"}));
  CHECK_FALSE(IpAddress::parse(text));
}

TEST_CASE("net address: loopback is 127.0.0.0/8 and ::1", "[net]") {
  CHECK(IpAddress::parse("127.255.0.1").value().is_loopback());
  CHECK(IpAddress::parse("::1").value().is_loopback());
  CHECK_FALSE(IpAddress::parse("128.0.0.1").value().is_loopback());
  CHECK_FALSE(IpAddress::parse("::2").value().is_loopback());
}

TEST_CASE("net socket address: round trip through the kernel's form", "[net]") {
  const auto text = GENERATE(values<std::string>({"192.0.2.1:25", "[2001:db8::1]:587"}));
  const auto address = SocketAddress::parse(text).value();
  sockaddr_storage storage{};
  CHECK(address.fill(storage) > 0);
  CHECK(SocketAddress::from(storage) == address);
  CHECK(address.str() == text);
}

TEST_CASE("net socket address: refuses what has no address or no port", "[net]") {
  const auto text =
      GENERATE(values<std::string>({"", "25", "192.0.2.1", "192.0.2.1:", ":25", "192.0.2.1:65536",
                                    "::1:25", "host:25", "192.0.2.1:2x"}));
  CHECK_FALSE(SocketAddress::parse(text));
}

TEST_CASE("net network: contains by prefix, and the families do not mix", "[net]") {
  const auto [network, ip, inside] = GENERATE(table<std::string, std::string, bool>({
      {"192.0.2.0/24", "192.0.2.255", true},
      {"192.0.2.0/24", "192.0.3.0", false},
      {"192.0.2.128/25", "192.0.2.127", false},
      {"192.0.2.128/25", "192.0.2.128", true},
      {"0.0.0.0/0", "203.0.113.9", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "192.0.2.2", false},
      {"2001:db8::/33", "2001:db8:7fff::1", true},
      {"2001:db8::/33", "2001:db8:8000::1", false},
  }));
  CHECK(Network::parse(network).value().contains(IpAddress::parse(ip).value()) == inside);
}

TEST_CASE("net networks: an address is in them if it is in one", "[net]") {
  const net::Networks networks = net::parse_networks({"192.0.2.0/24", "::1"});
  CHECK(contains(networks, *IpAddress::parse("192.0.2.200")));
  CHECK(contains(networks, *IpAddress::parse("::1")));
  CHECK_FALSE(contains(networks, *IpAddress::parse("192.0.3.1")));
  CHECK_FALSE(contains({}, *IpAddress::parse("192.0.2.1")));
}

TEST_CASE("net address: unspecified are 0.0.0.0 and :: alone", "[net]") {
  CHECK(IpAddress().is_unspecified());
  CHECK(IpAddress::parse("::")->is_unspecified());
  CHECK_FALSE(IpAddress::parse("0.0.0.1")->is_unspecified());
  CHECK_FALSE(IpAddress::parse("::1")->is_unspecified());
}

TEST_CASE("net network: host bits, wrong lengths and non-addresses are refused", "[net]") {
  const auto text = GENERATE(values<std::string>(
      {"192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/-1", "2001:db8::/129", "x/8", ""}));
  CHECK_FALSE(Network::parse(text));
  if (text == "192.0.2.1/24")
    CHECK(Network::parse(text).error().text.find("192.0.2.0/24") != std::string::npos);
}

}  // namespace net_address_test
