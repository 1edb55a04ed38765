// dns_records.h - what a domain publishes, so that its mail arrives, is believed, and is found by
// mail programs. Pure.
//
// RFC 5321 section 5 (MX), RFC 7208 (SPF), RFC 7489 (DMARC), RFC 6186 and 8314 (SRV).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/address.h"

namespace postrider::ctl {

struct DnsRecord {
  std::string name;  // with its final dot
  std::string type;  // "MX", "A", "AAAA", "TXT", "SRV"
  std::string data;  // as in a zone; of a TXT without the quotes
  std::string why;   // for people
  bool operator==(const DnsRecord&) const = default;
};

struct MailDomain {
  std::string domain;
  std::string hostname;
  // Of the host, as the world sees it; empty: not known, and the records are written with a mark
  // in their place.
  std::vector<net::IpAddress> addresses;
};

// Stands in the place of an address that is not known.
inline constexpr std::string_view kUnknownAddress = "PUBLIC-ADDRESS";

// What the TXT records of each begin with.
inline constexpr std::string_view kSpf = "v=spf1";
inline constexpr std::string_view kDmarc = "v=DMARC1";

// In the order in which they matter.
std::vector<DnsRecord> wanted_records(const MailDomain& mail);

// "example.org. IN MX 10 mx.example.org."
std::string to_zone_line(const DnsRecord& record);
// A zone's lines (RFC 1035 section 5.1), each with its reason.
std::string to_zone(std::span<const DnsRecord> records);

}  // namespace postrider::ctl
