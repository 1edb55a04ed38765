#include "ctl/doctor/spf_terms.h"

#include <catch2/catch.hpp>

namespace ctl_doctor_spf_terms_test {

using namespace postrider;
using namespace postrider::ctl;

namespace {

const std::vector<net::IpAddress> kHost{net::IpAddress::parse("198.51.100.7").value(),
                                        net::IpAddress::parse("2001:db8::7").value()};

}  // namespace

TEST_CASE("spf terms: a record that may let the host send does so in any form", "[doctor]") {
  for (const char* record :
       {"v=spf1 mx -all", "v=spf1 +mx -all", "v=spf1 MX -ALL", "v=spf1 a/24 -all", "v=spf1 mx//64",
        "v=spf1 a", "v=spf1  a:mail.other.test ~all", "V=SPF1 include:_spf.other.test ~all",
        "v=spf1 redirect=_spf.other.test", "v=spf1 exists:%{i}.other.test -all",
        "v=spf1 ip4:198.51.100.7 -all", "v=spf1 IP4:198.51.100.0/24 -all",
        "v=spf1 ip4:198.51.100.9/28 -all", "v=spf1 ip4:1.2.3.4/0", "v=spf1 ip6:2001:db8::/32 -all",
        "v=spf1 ip6:2001:DB8::9/64 -all", "v=spf1 +all"}) {
    INFO(record);
    CHECK(may_pass(record, kHost));
  }
}

TEST_CASE("spf terms: a record that lets nobody, or others, send does not", "[doctor]") {
  for (const char* record : {"v=spf1",
                             "v=spf1 ",
                             "v=spf1 -all",
                             "v=spf1 ~all",
                             "v=spf1 -include:x.test ~all",
                             "v=spf1 ?mx -all",
                             "v=spf1 ~a -all",
                             "v=spf1 amx -all",
                             "v=spf1 exp=mx.other.test -all",
                             "v=spf1 ip4:198.51.100.70 -all",
                             "v=spf1 ip4:198.51.100.77 -all",
                             "v=spf1 ip4:198.51.100.9/29 -all",
                             "v=spf1 ip4:198.51.100.7/33",
                             "v=spf1 ip4:198.51.100.7/",
                             "v=spf1 ip4:x/24",
                             "v=spf1 ip4",
                             "v=spf1 -ip4:198.51.100.7 -all",
                             "v=spf1 redirect=_spf.other.test -all",
                             "v=spf1 + -",
                             "v=spf1 ip6:2001:db9::/32 -all"}) {
    INFO(record);
    CHECK_FALSE(may_pass(record, kHost));
  }
}

TEST_CASE("spf terms: of addresses that are not known any network may be theirs", "[doctor]") {
  CHECK(may_pass("v=spf1 ip4:192.0.2.1 -all", {}));
  CHECK_FALSE(may_pass("v=spf1 -all", {}));
}

}  // namespace ctl_doctor_spf_terms_test
