#include "smtpd/offer.h"

#include <catch2/catch.hpp>

namespace smtpd_offer_test {

using namespace postrider;
using namespace postrider::smtpd;

TEST_CASE("smtpd offer: DSN is for who may relay or has to log in, or speaks LMTP", "[smtpd]") {
  using smtp::Protocol;
  const auto [may_relay, login, protocol, dsn] = GENERATE(table<bool, bool, Protocol, bool>({
      {false, false, Protocol::smtp, false},
      {true, false, Protocol::smtp, true},
      {false, true, Protocol::smtp, true},
      {false, false, Protocol::lmtp, true},
  }));
  const smtp::ServerSettings listener{.protocol = protocol, .authentication_required = login};
  smtp::Extensions expected = listener.offered;
  expected.dsn = dsn;
  CHECK(offered_to({{}, may_relay}, listener, {}) == expected);
}

TEST_CASE("smtpd offer: XCLIENT is for who may speak for others", "[smtpd]") {
  const bool may = GENERATE(true, false);
  smtp::ServerSettings listener;
  listener.offered.xclient = true;
  CHECK(offered_to({{}, true, may}, listener, {}).xclient == may);
}

TEST_CASE("smtpd offer: what a listener masks nobody is offered", "[smtpd]") {
  smtp::ServerSettings listener;
  smtp::withdraw("DSN", listener.offered);
  CHECK_FALSE(offered_to({{}, true}, listener, {}).dsn);
}

TEST_CASE("smtpd offer: until when mail may be held counts from when the client came", "[smtpd]") {
  using namespace std::chrono_literals;
  smtp::ServerSettings listener;
  listener.offered.future_release_max = 60s;
  const WallTime now(1'800'000'000s);
  CHECK_FALSE(offered_to({}, listener, now).future_release);
  listener.offered.future_release = true;
  CHECK(offered_to({}, listener, now).future_release_until == now + 60s);
}

TEST_CASE("smtpd offer: without TLS a password is taken from the loopback alone, where configured",
          "[smtpd]") {
  const auto [configured, address, taken] = GENERATE(table<bool, const char*, bool>({
      {true, "127.0.0.1", true},
      {true, "::1", true},
      {true, "203.0.113.9", false},
      {false, "127.0.0.1", false},
  }));
  smtp::ServerSettings listener;
  listener.offered.auth = true;
  listener.offered.auth_in_clear = configured;
  const smtp::Extensions offered = offered_to({*net::IpAddress::parse(address)}, listener, {});
  CHECK(offered.auth);
  CHECK(offered.auth_in_clear == taken);
}

}  // namespace smtpd_offer_test
