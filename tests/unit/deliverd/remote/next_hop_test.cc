#include "deliverd/remote/next_hop.h"

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::deliverd;

namespace {

net::SocketAddress at(std::string_view ip, std::uint16_t port) {
  return {*net::IpAddress::parse(ip), port};
}

}  // namespace

TEST_CASE("deliverd next hop: each form is read", "[deliverd]") {
  CHECK(*parse_next_hop("mx:Example.org", 25) == NextHop(MxHop{"example.org", 25}));
  CHECK(*parse_next_hop("mx:[192.0.2.1]", 25) == NextHop(at("192.0.2.1", 25)));
  CHECK(*parse_next_hop("mx:[IPv6:2001:db8::1]", 25) == NextHop(at("2001:db8::1", 25)));
  CHECK(*parse_next_hop("smtp:relay.test", 2525) == NextHop(HostHop{"relay.test", 2525}));
  CHECK(*parse_next_hop("smtp:relay.test:26", 25) == NextHop(HostHop{"relay.test", 26}));
  CHECK(*parse_next_hop("smtp:[192.0.2.1]", 25) == NextHop(at("192.0.2.1", 25)));
  CHECK(*parse_next_hop("smtp:[192.0.2.1]:26", 25) == NextHop(at("192.0.2.1", 26)));
  CHECK(*parse_next_hop("smtp:[2001:db8::1]:26", 25) == NextHop(at("2001:db8::1", 26)));
}

TEST_CASE("deliverd next hop: what is none is refused", "[deliverd]") {
  const auto text = GENERATE(
      values<std::string>({"", "mx", "mx:", "smtp:", "local", "lmtp:x", "mx:a b", "mx:a.test:25",
                           "mx:[]", "mx:[a.test]", "mx:[300.0.0.1]", "smtp:a:b:26",
                           "smtp:a.test:", "smtp:a.test:0", "smtp:a.test:65536", "smtp:a.test:x",
                           "smtp:[192.0.2.1", "smtp:[192.0.2.1]:", "smtp:2001:db8::1"}));
  CAPTURE(text);
  CHECK_FALSE(parse_next_hop(text, 25));
}
