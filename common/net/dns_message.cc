#include "common/net/dns_message.h"

#include <arpa/nameser.h>

#include <algorithm>
#include <optional>

namespace postrider::net {

namespace {

using std::chrono::seconds;

// RFC 2181 section 8: beyond is as good as 0.
constexpr std::uint32_t kMaxTtl = 0x7fffffff;

seconds ttl_of(std::uint32_t octets) noexcept { return seconds(octets > kMaxTtl ? 0 : octets); }

// RFC 2308 section 5: the lesser of the record's own TTL and its last field.
seconds negative_ttl(const ns_rr& soa) noexcept {
  constexpr std::size_t kNumber = 4;
  if (ns_rr_rdlen(soa) < kNumber) return seconds{0};
  const unsigned char* const minimum = ns_rr_rdata(soa) + ns_rr_rdlen(soa) - kNumber;
  return std::min(ttl_of(ns_rr_ttl(soa)), ttl_of(static_cast<std::uint32_t>(ns_get32(minimum))));
}

}  // namespace

DnsMessage read_dns_message(std::span<const unsigned char> message) noexcept {
  ns_msg parsed{};
  if (ns_initparse(message.data(), static_cast<int>(message.size()), &parsed) != 0) return {};
  DnsMessage read;
  ns_rr record{};
  std::optional<seconds> least;
  for (int i = 0; i < ns_msg_count(parsed, ns_s_an); ++i) {
    if (ns_parserr(&parsed, ns_s_an, i, &record) != 0) return {};
    const seconds ttl = ttl_of(ns_rr_ttl(record));
    least = std::min(least.value_or(ttl), ttl);
  }
  bool names_servers = false;
  bool has_soa = false;
  for (int i = 0; i < ns_msg_count(parsed, ns_s_ns); ++i) {
    if (ns_parserr(&parsed, ns_s_ns, i, &record) != 0) return {};
    names_servers = names_servers || ns_rr_type(record) == ns_t_ns;
    if (ns_rr_type(record) != ns_t_soa) continue;
    has_soa = true;
    // A negative answer through CNAME has both.
    least = std::min(least.value_or(negative_ttl(record)), negative_ttl(record));
  }
  read.ttl = least.value_or(seconds{0});
  read.referral = ns_msg_getflag(parsed, ns_f_rcode) == ns_r_noerror &&
                  ns_msg_count(parsed, ns_s_an) == 0 && names_servers && !has_soa;
  return read;
}

}  // namespace postrider::net
