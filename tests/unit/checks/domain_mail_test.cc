#include "common/checks/domain_mail.h"

#include <catch2/catch.hpp>

#include "tests/unit/net/fake_resolver.h"

namespace checks_domain_mail_test {

using namespace postrider;
using namespace postrider::checks;
using net::DnsStatus;
using postrider::test::addresses;
using postrider::test::FakeResolver;

namespace {

DomainMail find(const net::MxAnswer& mx, const net::AddressAnswer& hosts) {
  event::EventLoop loop;
  FakeResolver resolver(loop);
  resolver.mx["far.test"] = mx;
  resolver.hosts["far.test"] = hosts;
  DomainMail found = DomainMail::temporary;
  const PendingPtr question = find_domain_mail(resolver, "far.test", [&](DomainMail mail) {
    found = mail;
    loop.stop();
  });
  loop.run();
  return found;
}

}  // namespace

TEST_CASE("domain mail: MX, null MX, or the address of the name itself", "[checks]") {
  const net::MxAnswer no_mx{DnsStatus::no_data, {}, ""};
  const net::AddressAnswer no_address{DnsStatus::no_data, {}, ""};
  CHECK(find({DnsStatus::found, {{10, "mx.far.test"}}, ""}, no_address) == DomainMail::taken);
  CHECK(find({DnsStatus::found, {{0, ""}}, ""}, addresses({"192.0.2.1"})) == DomainMail::refused);
  CHECK(find(no_mx, addresses({"192.0.2.1"})) == DomainMail::taken);
  CHECK(find(no_mx, no_address) == DomainMail::none);
  CHECK(find(no_mx, {DnsStatus::no_domain, {}, ""}) == DomainMail::none);
  CHECK(find(no_mx, {DnsStatus::temporary, {}, ""}) == DomainMail::temporary);
  CHECK(find({DnsStatus::no_domain, {}, ""}, no_address) == DomainMail::no_domain);
  CHECK(find({DnsStatus::temporary, {}, ""}, addresses({"192.0.2.1"})) == DomainMail::temporary);
}

}  // namespace checks_domain_mail_test
