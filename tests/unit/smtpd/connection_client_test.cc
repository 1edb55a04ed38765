// How a Connection speaks with a client that speaks for others (XCLIENT).
#include <catch2/catch.hpp>

#include "tests/unit/smtpd/connection_fixture.h"

namespace smtpd_connection_client_test {

using namespace postrider;
using namespace postrider::smtpd;
using smtpd::testing::Peer;
using Fixture = smtpd::testing::ConnectionFixture;

TEST_CASE("smtpd connection: a trusted client says who it speaks for", "[smtpd]") {
  const auto [told, client, name, code] =
      GENERATE(table<std::string, std::string, std::string, int>({
          {"ADDR=192.0.2.7", "192.0.2.7", "([192.0.2.7])", 250},
          {"ADDR=203.0.113.9 NAME=far.test", "203.0.113.9", "(far.test [203.0.113.9])", 550},
          {"ADDR=IPV6:2001:db8::1", "2001:db8::1", "([IPv6:2001:db8::1])", 550},
          {"ADDR=[UNAVAILABLE] NAME=[TEMPUNAVAIL]", "unknown", "(unknown)", 550},
          {"ADDR=203.0.113.9 LOGIN=anna", "203.0.113.9", "([203.0.113.9])", 250},
          {"PORT=5", "198.51.100.1", "([198.51.100.1])", 550},
      }));
  Fixture f;
  f.world.services().xclient_networks = net::parse_networks({"198.51.100.1"});
  Peer& peer = f.connect("198.51.100.1");
  CHECK(peer.exchange("EHLO proxy.test\r\n", 250).find("250 XCLIENT ") != std::string::npos);
  peer.exchange("XCLIENT " + told + "\r\n", 220);
  peer.exchange("EHLO client.test\r\nMAIL FROM:<a@far.test>\r\nRCPT TO:<x@far.test>\r\n", code);
  peer.exchange("RCPT TO:<alice@here.test>\r\nDATA\r\n", 354);
  peer.exchange(".\r\n", 250);
  REQUIRE(f.world.envelopes().size() == 1);
  const spool::Envelope envelope = f.world.envelopes()[0];
  CHECK(envelope.client_address() == client);
  CHECK(envelope.trace().find("from client.test " + name + "\r\n") != std::string::npos);
  const bool logged_in = told.find("LOGIN") != std::string::npos;
  CHECK(envelope.auth() == (logged_in ? "anna" : ""));
  CHECK(envelope.protocol() == (logged_in ? "ESMTPA" : "ESMTP"));
}

TEST_CASE("smtpd connection: who was spoken for may not speak for others itself", "[smtpd]") {
  const auto [told, again] = GENERATE(table<const char*, int>({
      {"ADDR=192.0.2.7", 550},
      {"ADDR=[UNAVAILABLE]", 550},
      {"ADDR=198.51.100.2", 220},  // another proxy
      {"NAME=far.test", 220},      // still the same
  }));
  Fixture f;
  f.world.services().xclient_networks = net::parse_networks({"198.51.100.0/24"});
  Peer& peer = f.connect("198.51.100.1");
  peer.exchange(std::string("XCLIENT ") + told + "\r\n", 220);
  const bool offered = peer.exchange("EHLO a\r\n", 250).find("XCLIENT") != std::string::npos;
  CHECK(offered == (again == 220));
  peer.exchange("XCLIENT ADDR=192.0.2.8 LOGIN=anna\r\n", again);
}

TEST_CASE("smtpd connection: the bans and limits of a client hold where XCLIENT tells of it",
          "[smtpd]") {
  Fixture f;
  const net::IpAddress client = *net::IpAddress::parse("203.0.113.9");
  std::string reason = "too many connections from your address, try again later";
  SECTION("banned") {
    REQUIRE(f.world.bans.ban(limits::BanKind::address, client.str(),
                             f.world.clock.now() + std::chrono::hours{1}, f.world.clock.now()));
    reason = "too many wrong passwords from your address, try again later";
  }
  SECTION("here too often") {
    f.world.settings.smtpd.connection_limit_per_address = 1;
    REQUIRE_FALSE(f.world.admission().enter(client));
  }
  f.world.services().xclient_networks = net::parse_networks({"198.51.100.1"});
  Peer& peer = f.connect("198.51.100.1");
  peer.send("XCLIENT ADDR=203.0.113.9 LOGIN=anna\r\n");
  CHECK(peer.expect_close() == "421 4.7.0 mx.test " + reason + "\r\n");
  CHECK(f.world.lines.find("event=connection_refused client=203.0.113.9 ") != std::string::npos);
}

TEST_CASE("smtpd connection: a client that XCLIENT told of is there until another is, or the end",
          "[smtpd]") {
  Fixture f;
  f.world.settings.smtpd.connection_limit_per_address = 1;
  f.world.services().xclient_networks = net::parse_networks({"198.51.100.0/24"});
  const net::IpAddress first = *net::IpAddress::parse("198.51.100.2");
  const net::IpAddress second = *net::IpAddress::parse("203.0.113.9");
  f.stop_when_done = true;
  Peer& peer = f.connect("198.51.100.1");
  peer.exchange("XCLIENT ADDR=198.51.100.2\r\n", 220);
  CHECK(f.world.admission().enter(first));
  peer.exchange("XCLIENT ADDR=203.0.113.9\r\n", 220);
  CHECK_FALSE(f.world.admission().enter(first));
  CHECK(f.world.admission().enter(second));
  peer.hang_up();
  while (f.connection) f.world.loop.run();
  CHECK_FALSE(f.world.admission().enter(second));
}

TEST_CASE("smtpd connection: others may not say who they speak for", "[smtpd]") {
  Fixture f;
  Peer& peer = f.connect("192.0.2.7");
  CHECK(peer.exchange("EHLO a\r\n", 250).find("XCLIENT") == std::string::npos);
  peer.exchange("XCLIENT ADDR=192.0.2.8\r\n", 550);
}

}  // namespace smtpd_connection_client_test
