// reverse_name.h - the name of an address that leads back to it (forward-confirmed reverse DNS).
//
// Whoever has an address may have DNS call it by any name; that the name's owner agrees is seen
// where the name has that address.
//
// RFC 8601 section 2.7.3 (iprev).
#pragma once

#include <cstdint>
#include <string>

#include "common/net/resolver.h"

namespace postrider::net {

struct ReverseName {
  enum class Status : std::uint8_t {
    confirmed,    // `name` has the address
    unconfirmed,  // no name of the address has it; `name` is the first
    none,         // the address has no name
    temporary,    // not known: DNS did not answer, or was not asked
  };
  Status status = Status::temporary;
  std::string name;
};

// Asks for the names of `address`, then for the addresses of one after the other. `resolver`
// outlives the question.
[[nodiscard]] PendingPtr find_reverse_name(Resolver& resolver, const IpAddress& address,
                                           UniqueFunction<void(ReverseName)> done);

}  // namespace postrider::net
