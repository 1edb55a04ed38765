#include "deliverd/remote/own_addresses.h"

#include <algorithm>

#include <catch2/catch.hpp>

namespace deliverd_remote_own_addresses_test {

using namespace postrider;
using namespace postrider::deliverd;

namespace {

net::SocketAddress at(std::string_view text) { return *net::SocketAddress::parse(text); }

}  // namespace

TEST_CASE("own addresses: those of listeners for the world, with their ports", "[deliverd]") {
  const OwnAddresses own({{"192.0.2.1:25", config::SmtpMode::mx},
                          {"[2001:db8::1]:25", config::SmtpMode::mx},
                          {"192.0.2.1:587", config::SmtpMode::submission},
                          {"unix:/run/lmtp", config::SmtpMode::lmtp}},
                         {*net::IpAddress::parse("192.0.2.9")});
  CHECK(own.contain(at("192.0.2.1:25")));
  CHECK(own.contain(at("[2001:db8::1]:25")));
  CHECK_FALSE(own.contain(at("192.0.2.1:26")));
  CHECK_FALSE(own.contain(at("192.0.2.1:587")));
  CHECK_FALSE(own.contain(at("192.0.2.9:25")));
}

TEST_CASE("own addresses: a listener on all addresses stands for those of the host", "[deliverd]") {
  const std::vector<net::IpAddress> host{*net::IpAddress::parse("192.0.2.1"),
                                         *net::IpAddress::parse("2001:db8::1")};
  const OwnAddresses v4({{"0.0.0.0:25", config::SmtpMode::mx}}, host);
  CHECK(v4.contain(at("192.0.2.1:25")));
  CHECK_FALSE(v4.contain(at("[2001:db8::1]:25")));
  const OwnAddresses both({{"[::]:25", config::SmtpMode::mx}}, host);
  CHECK(both.contain(at("192.0.2.1:25")));
  CHECK(both.contain(at("[2001:db8::1]:25")));
}

TEST_CASE("own addresses: the loopback is among the host's", "[deliverd]") {
  const auto found = interface_addresses();
  CHECK(std::count(found.begin(), found.end(), *net::IpAddress::parse("127.0.0.1")) == 1);
}

}  // namespace deliverd_remote_own_addresses_test
