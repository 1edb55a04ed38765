#include "ctl/setup/host.h"

#include <catch2/catch.hpp>

namespace ctl_setup_host_test {

using namespace postrider;
using namespace postrider::ctl;

namespace {

bool is_public_text(const char* text) { return is_public(net::IpAddress::parse(text).value()); }

}  // namespace

TEST_CASE("host: addresses that the Internet routes are public", "[setup]") {
  for (const char* text : {"1.1.1.1", "100.63.255.255", "172.15.0.1", "172.32.0.1", "192.169.0.1",
                           "223.255.255.255", "2a01:4f8::1", "2000::1"})
    CHECK(is_public_text(text));
}

TEST_CASE("host: private, local and reserved addresses are not public", "[setup]") {
  for (const char* text :
       {"0.0.0.0",      "10.1.2.3",       "100.64.0.1",  "127.0.0.1",       "169.254.1.1",
        "172.16.0.1",   "172.31.255.255", "192.168.1.1", "192.0.2.1",       "198.18.0.1",
        "198.51.100.1", "203.0.113.1",    "224.0.0.1",   "255.255.255.255", "::",
        "::1",          "fe80::1",        "fd00::1",     "2001:db8::1",     "ff02::1"})
    CHECK_FALSE(is_public_text(text));
}

TEST_CASE("host: IPv6 addresses that do not stay are told from those that do", "[setup]") {
  const auto passing = passing_addresses(
      "00000000000000000000000000000001 01 80 10 80       lo\n"
      "2a0104f8000000000000000000000001 02 40 00 80     eth0\n"
      "2a0104f8000000000000000000000002 02 40 00 01     eth0\n"
      "2a0104f8000000000000000000000003 02 40 00 20     eth0\n"
      "2a0104f8000000000000000000000004 02 40 00 88     eth0\n"
      "2a0104f8000000000000000000000005 02 40 00 100     eth0\n");
  REQUIRE(passing.size() == 3);
  CHECK(passing[0].str() == "2a01:4f8::2");
  CHECK(passing[1].str() == "2a01:4f8::3");
  CHECK(passing[2].str() == "2a01:4f8::4");
}

TEST_CASE("host: lines that are none of addresses are passed over", "[setup]") {
  for (const char* text :
       {"", "\n\n", "x", "2a01 02 40 00 01 eth0", "2a0104f8000000000000000000000002",
        "2a0104f8000000000000000000000002 02 40 00"})
    CHECK(passing_addresses(text).empty());
}

}  // namespace ctl_setup_host_test
