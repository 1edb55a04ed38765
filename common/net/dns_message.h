// dns_message.h - what c-ares does not tell of an answer: how long it may be remembered, and
// whether the server knew anything at all.
//
// RFC 1035 section 4 (messages), RFC 2308 section 2.2 (referrals) and 5 (negative answers).
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

namespace postrider::net {

struct DnsMessage {
  // The least of the records that make up the answer; of a negative one what its SOA says. 0 where
  // nothing says it.
  std::chrono::seconds ttl{0};
  // No answer but the names of other servers: who was asked neither knows nor asks on (a lame
  // delegation, or a server that does not recurse). Nothing follows from it for the name.
  bool referral = false;
};

// Of a whole message of DNS. What is malformed has neither: it is for c-ares to refuse.
DnsMessage read_dns_message(std::span<const unsigned char> message) noexcept;

}  // namespace postrider::net
