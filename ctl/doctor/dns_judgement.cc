#include "ctl/doctor/dns_judgement.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "ctl/doctor/spf_terms.h"

namespace postrider::ctl {

namespace {

using net::DnsStatus;
using Records = std::vector<std::string>;

struct Question {
  Findings& findings;
  const MailDomain& mail;
  const DnsRecord& wanted;
  const Records& published;

  std::string name() const { return fmt::format("{} {}", wanted.name, wanted.type); }
  std::string publish() const { return fmt::format("Publish it: {}", to_zone_line(wanted)); }
  bool has(const std::string& data) const {
    return std::find(published.begin(), published.end(), data) != published.end();
  }
  void ok(const std::string& data) const { findings.ok(fmt::format("{} {}", name(), data)); }
};

// Without it the host, and so all of its mail, is not found.
void judge_address(const Question& question) {
  const auto& [findings, mail, wanted, published] = question;
  const bool is_v4 = wanted.type == "A";
  if (published.empty())
    return findings.add(
        is_v4 ? Health::wrong : Health::warning,
        fmt::format("{}: there is none, so nobody finds this host by it.", question.name()),
        question.publish());
  if (wanted.data == kUnknownAddress || question.has(wanted.data))
    return question.ok(wanted.data == kUnknownAddress ? published.front() : wanted.data);
  findings.wrong(fmt::format("{}: {} is published, and this host is {}.", question.name(),
                             fmt::join(published, ", "), wanted.data),
                 question.publish());
}

void judge_mx(const Question& question) {
  const auto& [findings, mail, wanted, published] = question;
  const std::string ours = fmt::format(" {}.", mail.hostname);
  const auto found = std::find_if(published.begin(), published.end(),
                                  [&](const std::string& mx) { return mx.ends_with(ours); });
  if (found != published.end()) return question.ok(*found);
  findings.wrong(published.empty()
                     ? fmt::format("{}: there is none, so mail for {} is not sent here.",
                                   question.name(), mail.domain)
                     : fmt::format("{}: mail for {} is sent elsewhere: {}.", question.name(),
                                   mail.domain, fmt::join(published, ", ")),
                 question.publish());
}

Records that_begin(const Records& published, std::string_view with) {
  Records found;
  for (const std::string& text : published)
    if (starts_with_ignoring_case(text, with)) found.push_back(text);
  return found;
}

void judge_spf(const Question& question) {
  const auto& [findings, mail, wanted, published] = question;
  const Records found = that_begin(published, kSpf);
  if (found.empty())
    return findings.warn(fmt::format("{}: no SPF: others doubt mail that says it comes from there.",
                                     question.name()),
                         question.publish());
  // RFC 7208 section 3.2
  if (found.size() > 1)
    return findings.wrong(
        fmt::format("{}: {} records of SPF: others take it as if there were none.", question.name(),
                    found.size()),
        "Leave one of them.");
  if (may_pass(found.front(), mail.addresses)) return question.ok(found.front());
  findings.warn(fmt::format("{}: \"{}\" does not name this host.", question.name(), found.front()),
                fmt::format("Add mx to it, as in: {}", to_zone_line(wanted)));
}

void judge_dmarc(const Question& question) {
  const Records found = that_begin(question.published, kDmarc);
  if (found.size() == 1) return question.ok(found.front());
  question.findings.warn(
      fmt::format("{}: {}.", question.name(),
                  found.empty() ? "no DMARC: large providers take less mail from the domain"
                                : "more than one of DMARC: none of them counts"),
      found.empty() ? question.publish() : "Leave one of them.");
}

void judge_srv(const Question& question) {
  const auto& [findings, mail, wanted, published] = question;
  const std::string ours = wanted.data.substr(wanted.data.find(' ', 2));  // port and host
  const auto found = std::find_if(published.begin(), published.end(),
                                  [&](const std::string& srv) { return srv.ends_with(ours); });
  if (found != published.end()) return question.ok(*found);
  findings.warn(published.empty()
                    ? fmt::format("{}: there is none: mail programs have to be told the server.",
                                  question.name())
                    : fmt::format("{}: mail programs are sent elsewhere: {}.", question.name(),
                                  fmt::join(published, ", ")),
                question.publish());
}

}  // namespace

void judge(Findings& findings, const MailDomain& mail, const DnsRecord& wanted,
           const net::RecordAnswer& answer) {
  const Question question{findings, mail, wanted, answer.records};
  if (answer.status == DnsStatus::temporary)
    return findings.warn(
        fmt::format("{}: not known now: {}.", question.name(), answer.reason),
        "Ask again later. If it stays so, look at this host's resolver (dns.servers).");
  if (wanted.type == "MX") return judge_mx(question);
  if (wanted.type == "SRV") return judge_srv(question);
  if (wanted.type != "TXT") return judge_address(question);
  if (wanted.data.starts_with(kSpf)) return judge_spf(question);
  judge_dmarc(question);
}

void judge(Findings& findings, const std::string& hostname, const net::IpAddress& address,
           const net::ReverseName& reverse) {
  using Status = net::ReverseName::Status;
  const std::string ask = fmt::format(
      "Ask who gave you the address to name it {}, and publish that address for it.", hostname);
  switch (reverse.status) {
    case Status::temporary:
      return findings.warn(fmt::format("The name of {} (PTR) is not known now.", address.str()),
                           "Ask again later.");
    case Status::none:
      return findings.wrong(
          fmt::format("{} has no name (PTR): many servers take no mail from it.", address.str()),
          ask);
    case Status::unconfirmed:
      return findings.wrong(fmt::format("{} is named {} (PTR), which does not lead back to it.",
                                        address.str(), reverse.name),
                            ask);
    case Status::confirmed: break;
  }
  if (reverse.name == hostname)
    return findings.ok(fmt::format("{} is named {} (PTR).", address.str(), hostname));
  findings.warn(fmt::format("{} is named {} (PTR), and this host calls itself {}.", address.str(),
                            reverse.name, hostname),
                ask);
}

}  // namespace postrider::ctl
