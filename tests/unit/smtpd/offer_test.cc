#include "smtpd/offer.h"

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::smtpd;

TEST_CASE("smtpd offer: DSN is for who may relay or has to log in", "[smtpd]") {
  const auto [may_relay, login, dsn] = GENERATE(table<bool, bool, bool>({
      {false, false, false},
      {true, false, true},
      {false, true, true},
  }));
  const smtp::ServerSettings listener{.authentication_required = login};
  smtp::Extensions expected = listener.offered;
  expected.dsn = dsn;
  expected.xclient = false;
  CHECK(offered_to({{}, may_relay}, listener) == expected);
}

TEST_CASE("smtpd offer: XCLIENT is for who may speak for others", "[smtpd]") {
  const bool may = GENERATE(true, false);
  CHECK(offered_to({{}, true, may}, smtp::ServerSettings{}).xclient == may);
}

TEST_CASE("smtpd offer: what a listener masks nobody is offered", "[smtpd]") {
  smtp::ServerSettings listener;
  smtp::withdraw("DSN", listener.offered);
  CHECK_FALSE(offered_to({{}, true}, listener).dsn);
}
