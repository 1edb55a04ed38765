#include "deliverd/remote/next_hop.h"

#include <catch2/catch.hpp>

namespace deliverd_remote_next_hop_test {

using namespace postrider;
using namespace postrider::deliverd;

namespace {

// The only one that `text` names.
NextHop hop_of(std::string_view text, std::uint16_t port) {
  const auto hops = parse_next_hops(text, port);
  REQUIRE(hops);
  REQUIRE(hops->size() == 1);
  return hops->front();
}

net::SocketAddress at(std::string_view ip, std::uint16_t port) {
  return {*net::IpAddress::parse(ip), port};
}

}  // namespace

TEST_CASE("deliverd next hop: each form is read", "[deliverd]") {
  CHECK(hop_of("mx:Example.org", 25) == NextHop{MxHop{"example.org", 25}});
  CHECK(hop_of("mx:[192.0.2.1]", 25) == NextHop{at("192.0.2.1", 25)});
  CHECK(hop_of("mx:[IPv6:2001:db8::1]", 25) == NextHop{at("2001:db8::1", 25)});
  CHECK(hop_of("smtp:relay.test", 2525) == NextHop{HostHop{"relay.test", 2525}});
  CHECK(hop_of("smtp:relay.test:26", 25) == NextHop{HostHop{"relay.test", 26}});
  CHECK(hop_of("smtp:[192.0.2.1]", 25) == NextHop{at("192.0.2.1", 25)});
  CHECK(hop_of("smtp:[192.0.2.1]:26", 25) == NextHop{at("192.0.2.1", 26)});
  CHECK(hop_of("smtp:[2001:db8::1]:26", 25) == NextHop{at("2001:db8::1", 26)});
}

TEST_CASE("deliverd next hop: one that speaks LMTP is at port 24, at another, or at a socket",
          "[deliverd]") {
  constexpr auto kLmtp = smtp::Protocol::lmtp;
  CHECK(hop_of("lmtp:Store.test", 25) == NextHop{HostHop{"store.test", 24}, kLmtp});
  CHECK(hop_of("lmtp:store.test:2424", 25) == NextHop{HostHop{"store.test", 2424}, kLmtp});
  CHECK(hop_of("lmtp:[192.0.2.1]:26", 25) == NextHop{at("192.0.2.1", 26), kLmtp});
  CHECK(hop_of("lmtp:unix:/run/Store", 25) == NextHop{net::UnixSocket{"/run/Store"}, kLmtp});
}

TEST_CASE("deliverd next hop: one whose TLS is implicit is at port 465, or at another",
          "[deliverd]") {
  const auto smtps = [](auto way) {
    return NextHop{way, smtp::Protocol::smtp, smtp::TlsStart::implicit};
  };
  CHECK(hop_of("smtps:Relay.test", 25) == smtps(HostHop{"relay.test", 465}));
  CHECK(hop_of("smtps:relay.test:25", 26) == smtps(HostHop{"relay.test", 25}));
  CHECK(hop_of("smtps:[192.0.2.1]", 25) == smtps(at("192.0.2.1", 465)));
  CHECK(hop_of("smtps:[2001:db8::1]", 25) == smtps(at("2001:db8::1", 465)));
  CHECK(hop_of("smtps:[2001:db8::1]:26", 25) == smtps(at("2001:db8::1", 26)));
}

TEST_CASE("deliverd next hop: several are read in their order", "[deliverd]") {
  CHECK(*parse_next_hops("smtp:a.test:26,mx:b.test,smtp:[2001:db8::1]", 25) ==
        std::vector<NextHop>{
            {HostHop{"a.test", 26}}, {MxHop{"b.test", 25}}, {at("2001:db8::1", 25)}});
  for (const char* text : {",", "mx:a.test,", ",mx:a.test", "mx:a.test,,mx:b.test", "mx:a.test,b"})
    CHECK_FALSE(parse_next_hops(text, 25));
}

TEST_CASE("deliverd next hop: what is none is refused", "[deliverd]") {
  const auto text = GENERATE(values<std::string>({"",
                                                  "mx",
                                                  "mx:",
                                                  "smtp:",
                                                  "local",
                                                  "lmtp:",
                                                  "lmtp:unix:run",
                                                  "smtps:",
                                                  "smtps:a.test:0",
                                                  "smtps:[2001:db8::1",
                                                  "smtps:2001:db8::1",
                                                  "smtps:unix:/run",
                                                  "mx:a b",
                                                  "mx:a.test:25",
                                                  "mx:[]",
                                                  "mx:[a.test]",
                                                  "mx:[300.0.0.1]",
                                                  "smtp:a:b:26",
                                                  "smtp:a.test:",
                                                  "smtp:a.test:0",
                                                  "smtp:a.test:65536",
                                                  "smtp:a.test:x",
                                                  "smtp:[192.0.2.1",
                                                  "smtp:[192.0.2.1]:",
                                                  "smtp:2001:db8::1"}));
  CAPTURE(text);
  CHECK_FALSE(parse_next_hops(text, 25));
}

}  // namespace deliverd_remote_next_hop_test
