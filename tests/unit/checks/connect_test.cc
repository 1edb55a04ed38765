// The checks of a connection and of the name in EHLO, and of commands that came too early.
#include <catch2/catch.hpp>

#include "tests/unit/checks/facts.h"

namespace checks_connect_test {

using namespace postrider;
using namespace postrider::checks;
using checks::testing::Stranger;

TEST_CASE("early talker check: only who spoke before the greeting is found", "[checks]") {
  Stranger s;
  CHECK(s.found(&early_talker).empty());
  s.facts.early = true;
  CHECK(s.found(&early_talker) == "550 5.5.1 you spoke before the greeting");
}

TEST_CASE("reverse DNS check: an address needs a name that leads back", "[checks]") {
  using Status = net::ReverseName::Status;
  const auto [status, found] = GENERATE(table<Status, std::string>({
      {Status::confirmed, ""},
      {Status::unconfirmed, "550 5.7.25 203.0.113.9 is called x.test, which is not its name"},
      {Status::none, "550 5.7.25 203.0.113.9 has no name in DNS"},
      {Status::temporary, "450 4.7.25 the name of 203.0.113.9 is not known now"},
  }));
  Stranger s;
  s.facts.reverse = {status, "x.test"};
  CHECK(s.found(&reverse_dns) == found);
}

TEST_CASE("reverse DNS and HELO literal checks: of a client whose address is not known nothing is",
          "[checks]") {
  Stranger s;
  s.client.address = {};
  s.facts.reverse = {};
  s.facts.helo = "[203.0.113.10]";
  CHECK(s.found(&reverse_dns).empty());
  CHECK(s.found(&helo_literal).empty());
}

TEST_CASE("HELO checks: honest names pass all of them", "[checks]") {
  Stranger s;
  s.facts.helo = GENERATE("out.far.test", "OUT.FAR.TEST", "[203.0.113.9]", "a.b", "xn--b-eha.test",
                          "mx.test.far.test");
  CHECK(s.found(&helo_own_name).empty());
  CHECK(s.found(&helo_literal).empty());
  CHECK(s.found(&helo_name).empty());
}

TEST_CASE("HELO own name check: our name in any case is not the client's", "[checks]") {
  Stranger s;
  s.facts.helo = GENERATE("mx.test", "MX.Test");
  CHECK(s.found(&helo_own_name) == "550 5.7.1 you are not mx.test");
}

TEST_CASE("HELO literal check: an address in brackets is the client's own", "[checks]") {
  const auto [address, helo, right] = GENERATE(table<const char*, std::string, bool>({
      {"203.0.113.9", "[203.0.113.9]", true},
      {"203.0.113.9", "[203.0.113.10]", false},
      {"203.0.113.9", "[IPv6:2001:db8::1]", false},
      {"2001:db8::1", "[IPv6:2001:db8::1]", true},
      {"2001:db8::1", "[ipv6:2001:DB8:0:0::1]", true},
      {"2001:db8::1", "[IPv6:2001:db8::2]", false},
      {"2001:db8::1", "[203.0.113.9]", false},
  }));
  Stranger s;
  s.client.address = *net::IpAddress::parse(address);
  s.facts.helo = helo;
  CAPTURE(helo);
  CHECK(s.found(&helo_literal).empty() == right);
  if (!right) CHECK(s.found(&helo_literal).starts_with("550 5.7.1 your address is ["));
}

TEST_CASE("HELO name check: what is no fully-qualified name is found", "[checks]") {
  const auto [helo, what] = GENERATE(table<std::string, std::string>({
      {"203.0.113.9", "is an address without its brackets"},
      {"2001:db8::1", "is an address without its brackets"},
      {"localhost", "is not a fully-qualified name"},
      {"WIN-1", "is not a fully-qualified name"},
      {"my_host.test", "is not the name of a host"},
      {"a..test", "is not the name of a host"},
      {"[203.0.113.9", "is not the name of a host"},
      {"[unknown:x]", "is not the name of a host"},
      {"<x>", "is not the name of a host"},
  }));
  Stranger s;
  s.facts.helo = helo;
  CHECK(s.found(&helo_name) == "550 5.5.2 " + helo + " " + what);
}

TEST_CASE("pipelining check: only who did not wait is found", "[checks]") {
  Stranger s;
  CHECK(s.found(&pipelining).empty());
  s.facts.impatient = true;
  CHECK(s.found(&pipelining).starts_with("550 5.5.1 you did not wait"));
}

}  // namespace checks_connect_test
