// resolver.h - the questions that mail asks of DNS, asked without blocking.
//
// An interface, so that tests and decisions are handed answers; CaresResolver (cares_resolver.h) is
// the real one. What an answer may hold is bounded by the constants here.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/pending.h"
#include "common/base/unique_function.h"
#include "common/net/address.h"

namespace postrider::net {

enum class DnsStatus {
  found,      // the answer holds at least one record
  no_data,    // the name exists, records of this type do not
  no_domain,  // NXDOMAIN: final
  temporary,  // SERVFAIL, REFUSED, a referral, a time-out, a malformed or truncated answer: try
              // again
};

struct MxRecord {
  std::uint16_t preference = 0;
  std::string exchange;  // lower case, without the final dot; "" for null MX (RFC 7505)
  bool operator==(const MxRecord&) const = default;
};

struct MxAnswer {
  DnsStatus status = DnsStatus::temporary;
  std::vector<MxRecord> records;  // by preference, as the server ordered equals; at most kMaxMx
  std::string reason;             // for people, where status is not found
  std::chrono::seconds ttl{0};    // how long DNS allows it to be remembered
};

struct NameAnswer {
  DnsStatus status = DnsStatus::temporary;
  std::vector<std::string> names;  // lower case, without the final dot; at most kMaxNames
  std::string reason;
  std::chrono::seconds ttl{0};  // how long DNS allows it to be remembered
};

struct AddressAnswer {
  DnsStatus status = DnsStatus::temporary;
  std::vector<IpAddress> addresses;  // at most kMaxAddresses
  std::string reason;
  std::chrono::seconds ttl{0};  // how long DNS allows it to be remembered
};

class Resolver {
 public:
  static constexpr std::size_t kMaxMx = 50;
  static constexpr std::size_t kMaxAddresses = 50;
  static constexpr std::size_t kMaxNames = 10;  // RFC 7208 section 4.6.4

  Resolver() = default;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  virtual ~Resolver() = default;

  // `domain` is an A-label name without a final dot.
  [[nodiscard]] virtual PendingPtr find_mx(const std::string& domain,
                                           UniqueFunction<void(MxAnswer)> done) = 0;
  // A and AAAA together, following CNAMEs; `temporary` if nothing was found and either question
  // failed.
  [[nodiscard]] virtual PendingPtr find_addresses(const std::string& host,
                                                  UniqueFunction<void(AddressAnswer)> done) = 0;
  // What PTR says of an address: claims, which find_addresses() confirms or not.
  [[nodiscard]] virtual PendingPtr find_names(const IpAddress& address,
                                              UniqueFunction<void(NameAnswer)> done) = 0;
};

}  // namespace postrider::net
