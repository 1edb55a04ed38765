// dns_judgement.h - what is published against what should be. Pure.
//
// What is not known, as no server answered, is never wrong.
#pragma once

#include "common/net/cares_resolver.h"
#include "common/net/reverse_name.h"
#include "ctl/doctor/finding.h"
#include "ctl/setup/dns_records.h"

namespace postrider::ctl {

// `wanted`: one of wanted_records(mail); `answer`: what there is of its name and type.
void judge(Findings& findings, const MailDomain& mail, const DnsRecord& wanted,
           const net::RecordAnswer& answer);

// Of an address of the host (RFC 8601 section 2.7.3): many servers take no mail from one without a
// name that leads back to it.
void judge(Findings& findings, const std::string& hostname, const net::IpAddress& address,
           const net::ReverseName& name);

}  // namespace postrider::ctl
