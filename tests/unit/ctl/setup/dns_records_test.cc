#include "ctl/setup/dns_records.h"

#include <algorithm>

#include <catch2/catch.hpp>

namespace ctl_setup_dns_records_test {

using namespace postrider;
using namespace postrider::ctl;

namespace {

MailDomain mail(std::vector<std::string> addresses = {}) {
  MailDomain made{"example.test", "mx.example.test", {}};
  for (const std::string& text : addresses)
    made.addresses.push_back(net::IpAddress::parse(text).value());
  return made;
}

std::vector<std::string> data_of(const MailDomain& domain, const std::string& name,
                                 const std::string& type) {
  std::vector<std::string> found;
  for (const DnsRecord& record : wanted_records(domain))
    if (record.name == name && record.type == type) found.push_back(record.data);
  return found;
}

}  // namespace

TEST_CASE("dns records: the host's addresses of both families come first", "[setup]") {
  const auto records = wanted_records(mail({"198.51.100.7", "2001:db8::7"}));
  CHECK(records.at(0).data == "198.51.100.7");
  CHECK(records.at(0).type == "A");
  CHECK(records.at(1).data == "2001:db8::7");
  CHECK(records.at(1).type == "AAAA");
}

TEST_CASE("dns records: an address that is not known has a mark in its place", "[setup]") {
  CHECK(data_of(mail(), "mx.example.test.", "A") ==
        std::vector<std::string>{std::string(kUnknownAddress)});
}

TEST_CASE("dns records: mail comes to the host, and nobody else sends it", "[setup]") {
  CHECK(data_of(mail(), "example.test.", "MX") == std::vector<std::string>{"10 mx.example.test."});
  CHECK(data_of(mail(), "example.test.", "TXT") == std::vector<std::string>{"v=spf1 mx -all"});
  CHECK(data_of(mail(), "mx.example.test.", "TXT") == std::vector<std::string>{"v=spf1 a -all"});
  CHECK(data_of(mail(), "_dmarc.example.test.", "TXT") ==
        std::vector<std::string>{"v=DMARC1; p=none; rua=mailto:postmaster@example.test"});
}

TEST_CASE("dns records: mail programs find both services, under TLS and by STARTTLS", "[setup]") {
  for (const auto& [label, port] : {std::pair{"_submissions", "465"},
                                    {"_submission", "587"},
                                    {"_pop3s", "995"},
                                    {"_pop3", "110"}})
    CHECK(data_of(mail(), std::string(label) + "._tcp.example.test.", "SRV") ==
          std::vector<std::string>{std::string("0 1 ") + port + " mx.example.test."});
}

TEST_CASE("dns records: a domain that is the host has one record of SPF", "[setup]") {
  CHECK(data_of({"example.test", "example.test", {}}, "example.test.", "TXT").size() == 1);
}

TEST_CASE("dns records: a zone has a line for each, texts in quotes", "[setup]") {
  const auto records = wanted_records(mail());
  const std::string zone = to_zone(records);
  CHECK(std::count(zone.begin(), zone.end(), '\n') == static_cast<long>(records.size()));
  CHECK(zone.find("\"v=spf1 mx -all\"") != std::string::npos);
  CHECK(to_zone_line({"a.test.", "TXT", "v=spf1 mx -all", ""}) ==
        "a.test. IN TXT \"v=spf1 mx -all\"");
}

}  // namespace ctl_setup_dns_records_test
