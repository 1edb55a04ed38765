#include "ctl/doctor/dns_judgement.h"

#include <catch2/catch.hpp>

namespace ctl_doctor_dns_judgement_test {

using namespace postrider;
using namespace postrider::ctl;

namespace {

using Records = std::vector<std::string>;

const MailDomain kMail{
    "example.test", "mx.example.test", {net::IpAddress::parse("198.51.100.7").value()}};

// What is said of the wanted record of that name and type, where `published` is there.
Diagnosis judged(const std::string& name, const std::string& type, Records published,
                 const MailDomain& mail = kMail) {
  for (const DnsRecord& wanted : wanted_records(mail)) {
    if (wanted.name != name || wanted.type != type) continue;
    Findings findings("dns");
    net::RecordAnswer answer;
    answer.status = published.empty() ? net::DnsStatus::no_data : net::DnsStatus::found;
    answer.records = std::move(published);
    judge(findings, mail, wanted, answer);
    REQUIRE(findings.all().size() == 1);
    return findings.all().front();
  }
  FAIL("no such record is wanted");
  return {};
}

}  // namespace

TEST_CASE("dns judgement: what setup tells to publish is right", "[doctor]") {
  for (const DnsRecord& wanted : wanted_records(kMail))
    CHECK(judged(wanted.name, wanted.type, {wanted.data}).health == Health::ok);
}

TEST_CASE("dns judgement: what is missing comes with what to publish", "[doctor]") {
  struct Case {
    const char *name, *type;
    Health health;
  };
  for (const Case& one : {Case{"mx.example.test.", "A", Health::wrong},
                          {"example.test.", "MX", Health::wrong},
                          {"example.test.", "TXT", Health::warning},
                          {"_dmarc.example.test.", "TXT", Health::warning},
                          {"_pop3s._tcp.example.test.", "SRV", Health::warning}}) {
    const Diagnosis finding = judged(one.name, one.type, {});
    CHECK(finding.health == one.health);
    CHECK(finding.mend.find(one.name) != std::string::npos);
  }
}

TEST_CASE("dns judgement: what leads elsewhere is told with where it leads", "[doctor]") {
  CHECK(judged("example.test.", "MX", {"10 other.test."}).health == Health::wrong);
  CHECK(judged("example.test.", "MX", {"10 other.test."}).text.find("other.test.") !=
        std::string::npos);
  CHECK(judged("example.test.", "MX", {"10 xmx.example.test."}).health == Health::wrong);
  CHECK(judged("mx.example.test.", "A", {"198.51.100.8"}).health == Health::wrong);
  CHECK(judged("_pop3s._tcp.example.test.", "SRV", {"0 1 995 other.test."}).health ==
        Health::warning);
}

TEST_CASE("dns judgement: more than is wanted is no fault", "[doctor]") {
  CHECK(judged("example.test.", "MX", {"5 other.test.", "20 mx.example.test."}).health ==
        Health::ok);
  CHECK(judged("mx.example.test.", "A", {"198.51.100.8", "198.51.100.7"}).health == Health::ok);
  CHECK(judged("example.test.", "TXT", {"site-verification=1", "v=spf1 mx -all"}).health ==
        Health::ok);
}

TEST_CASE("dns judgement: SPF of others' making is asked whether it may name this host",
          "[doctor]") {
  const auto health = [](Records published) {
    return judged("example.test.", "TXT", std::move(published)).health;
  };
  CHECK(health({"v=spf1 include:_spf.other.test ~all"}) == Health::ok);
  CHECK(health({"v=spf1 ip4:198.51.100.7 -all"}) == Health::ok);
  CHECK(health({"v=spf1 ip4:198.51.100.9 -all"}) == Health::warning);
  CHECK(health({"v=spf1 mx -all", "v=spf1 a -all"}) == Health::wrong);  // RFC 7208 section 3.2
}

TEST_CASE("dns judgement: of an address that is not known any will do", "[doctor]") {
  const MailDomain mail{"example.test", "mx.example.test", {}};
  CHECK(judged("mx.example.test.", "A", {"192.0.2.1"}, mail).health == Health::ok);
  CHECK(judged("mx.example.test.", "A", {}, mail).health == Health::wrong);
}

TEST_CASE("dns judgement: what no server answered is never wrong", "[doctor]") {
  for (const DnsRecord& wanted : wanted_records(kMail)) {
    Findings findings("dns");
    judge(findings, kMail, wanted, {});
    CHECK(findings.all().front().health == Health::warning);
  }
}

TEST_CASE("dns judgement: an address has a name that leads back to it", "[doctor]") {
  using Status = net::ReverseName::Status;
  const auto health = [](Status status, const std::string& name) {
    Findings findings("dns");
    judge(findings, "mx.example.test", kMail.addresses.front(), net::ReverseName{status, name});
    return findings.all().front().health;
  };
  CHECK(health(Status::confirmed, "mx.example.test") == Health::ok);
  CHECK(health(Status::confirmed, "host7.provider.test") == Health::warning);
  CHECK(health(Status::unconfirmed, "mx.example.test") == Health::wrong);
  CHECK(health(Status::none, "") == Health::wrong);
  CHECK(health(Status::temporary, "") == Health::warning);
}

}  // namespace ctl_doctor_dns_judgement_test
