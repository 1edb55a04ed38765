// dns_examination.cc - what the doctor sees of DNS: asks, and has it judged.
#include <algorithm>
#include <deque>

#include <fmt/format.h>

#include "common/directory/editor.h"
#include "common/directory/schema.h"
#include "ctl/doctor/dns_judgement.h"
#include "ctl/doctor/dns_questions.h"
#include "ctl/doctor/examinations.h"
#include "ctl/setup/host.h"

namespace postrider::ctl {

namespace {

using net::IpAddress;

// Domains that are asked for, one at least: so the host's addresses always are.
constexpr std::size_t kMaxDomains = 50;

struct Asked {
  MailDomain mail;
  DnsRecord wanted;
  net::RecordAnswer answer;
};

// Those that get mail here. The host's own name is one of them where there is no other: beside
// others, mail comes to it by its address.
Result<std::vector<std::string>> domains_of(const config::Settings& settings) {
  auto editor = directory::DirectoryEditor::open(
      fmt::format("{}/{}", settings.paths.data, directory::kDatabaseName), sqlite::Access::read);
  if (!editor) return pass_on(std::move(editor.error()));
  const auto domains = editor->domains();
  if (!domains) return pass_on(domains.error());
  const auto aliases = editor->domain_aliases();
  if (!aliases) return pass_on(aliases.error());
  std::vector<std::string> names;
  for (const auto& domain : *domains)
    if (!domain.settings.disabled && domain.name != settings.hostname) names.push_back(domain.name);
  for (const auto& alias : *aliases) names.push_back(alias.name);
  if (names.empty()) names.push_back(settings.hostname);
  return names;
}

net::RecordType type_of(const DnsRecord& record) {
  if (record.type == "MX") return net::RecordType::mx;
  if (record.type == "TXT") return net::RecordType::txt;
  if (record.type == "SRV") return net::RecordType::srv;
  return record.type == "AAAA" ? net::RecordType::aaaa : net::RecordType::a;
}

void add_wanted(std::deque<Asked>& asked, const MailDomain& mail) {
  for (DnsRecord& wanted : wanted_records(mail)) {
    const bool is_known = std::any_of(asked.begin(), asked.end(), [&](const Asked& one) {
      return one.wanted.name == wanted.name && one.wanted.type == wanted.type &&
             one.wanted.data == wanted.data;
    });
    if (!is_known) asked.push_back({mail, std::move(wanted), {}});
  }
}

// Where the network's interfaces have none that is public, as behind a router, those by which DNS
// knows the host.
std::vector<IpAddress> addresses_of(const std::vector<IpAddress>& own,
                                    const std::deque<Asked>& asked) {
  if (!own.empty()) return own;
  std::vector<IpAddress> published;
  for (const Asked& one : asked)
    if (one.wanted.data == kUnknownAddress)
      for (const std::string& text : one.answer.records)
        if (const auto address = IpAddress::parse(text)) published.push_back(*address);
  return published;
}

bool is_nothing_known(const std::deque<Asked>& asked) {
  return !asked.empty() && std::all_of(asked.begin(), asked.end(), [](const Asked& one) {
    return one.answer.status == net::DnsStatus::temporary;
  });
}

void examine_names(Findings& findings, DnsQuestions& dns, const std::string& hostname,
                   const std::vector<IpAddress>& addresses) {
  std::deque<net::ReverseName> names(addresses.size());
  for (std::size_t i = 0; i < addresses.size(); ++i) dns.find(addresses[i], names[i]);
  dns.wait();
  for (std::size_t i = 0; i < addresses.size(); ++i)
    judge(findings, hostname, addresses[i], names[i]);
}

}  // namespace

Findings examine_dns(const Patient& patient) {
  Findings findings("dns");
  auto domains = domains_of(patient.settings);
  if (!domains) return findings;  // told with the directory
  if (domains->size() > kMaxDomains) {
    findings.warn(
        fmt::format("Of {} domains the first {} were asked for.", domains->size(), kMaxDomains),
        "For the others, compare with what `postrider setup` prints for one of them.");
    domains->resize(kMaxDomains);
  }
  const std::string& hostname = patient.settings.hostname;
  const std::vector<IpAddress> own = public_addresses();
  std::deque<Asked> asked;  // its elements stay where they are
  for (const std::string& domain : *domains) add_wanted(asked, {domain, hostname, own});
  DnsQuestions dns(patient.settings, kPatience);
  for (Asked& one : asked)
    dns.find(one.wanted.name.substr(0, one.wanted.name.size() - 1), type_of(one.wanted),
             one.answer);
  dns.wait();
  if (is_nothing_known(asked)) {
    findings.warn(
        fmt::format("What is published is not known now: {}.", asked.front().answer.reason),
        "Ask again later. If it stays so, look at this host's resolver (dns.servers).");
    return findings;
  }
  for (const Asked& one : asked) judge(findings, one.mail, one.wanted, one.answer);
  examine_names(findings, dns, hostname, addresses_of(own, asked));
  return findings;
}

}  // namespace postrider::ctl
