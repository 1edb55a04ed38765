#include "ctl/setup/dns_records.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace postrider::ctl {

namespace {

struct NamedService {
  std::string_view label;
  unsigned port;
  std::string_view why;
};
// RFC 6186 section 3.4, RFC 8314 section 5.1: under TLS at once is what programs should find.
constexpr std::array kServices{
    NamedService{"_submissions._tcp", 465, "mail programs find where to send, under TLS"},
    NamedService{"_submission._tcp", 587, "the same, by STARTTLS"},
    NamedService{"_pop3s._tcp", 995, "mail programs find where to fetch, under TLS"},
    NamedService{"_pop3._tcp", 110, "the same, by STLS"},
};

void add_addresses(const MailDomain& mail, std::vector<DnsRecord>& records) {
  const std::string host = mail.hostname + '.';
  for (const net::IpAddress& address : mail.addresses)
    records.push_back({host, address.is_v4() ? "A" : "AAAA", address.str(), "where the host is"});
  if (mail.addresses.empty())
    records.push_back({host, "A", std::string(kUnknownAddress), "where the host is"});
}

std::string written(const DnsRecord& record) {
  return record.type == "TXT" ? fmt::format("\"{}\"", record.data) : record.data;
}

}  // namespace

std::vector<DnsRecord> wanted_records(const MailDomain& mail) {
  const std::string domain = mail.domain + '.';
  const std::string host = mail.hostname + '.';
  std::vector<DnsRecord> records;
  add_addresses(mail, records);
  records.push_back({domain, "MX", "10 " + host, "mail for the domain comes to this host"});
  records.push_back(
      {domain, "TXT", "v=spf1 mx -all", "nobody else sends mail from the domain (SPF)"});
  if (mail.hostname != mail.domain)
    records.push_back({host, "TXT", "v=spf1 a -all", "the host's own name in reports (SPF)"});
  records.push_back({"_dmarc." + domain, "TXT",
                     fmt::format("v=DMARC1; p=none; rua=mailto:postmaster@{}", mail.domain),
                     "what others do with mail that fails, and whom they tell (DMARC)"});
  for (const NamedService& service : kServices)
    records.push_back({fmt::format("{}.{}", service.label, domain), "SRV",
                       fmt::format("0 1 {} {}", service.port, host), std::string(service.why)});
  return records;
}

std::string to_zone_line(const DnsRecord& record) {
  return fmt::format("{} IN {} {}", record.name, record.type, written(record));
}

std::string to_zone(std::span<const DnsRecord> records) {
  std::size_t name = 0;
  std::size_t data = 0;
  for (const DnsRecord& record : records) {
    name = std::max(name, record.name.size());
    data = std::max(data, written(record).size());
  }
  std::string zone;
  for (const DnsRecord& record : records)
    zone += fmt::format("{:<{}}  IN {:<4}  {:<{}}  ; {}\n", record.name, name, record.type,
                        written(record), data, record.why);
  return zone;
}

}  // namespace postrider::ctl
