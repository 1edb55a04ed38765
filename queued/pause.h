// pause.h - a destination to which an operator lets nothing go: until when nobody knows.
//
// It is a next hop, or a domain whatever its next hop; that of a domain has a name of its own, by
// which mail waits behind it as behind any other destination.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "queued/outage.h"

namespace postrider::queued {

struct Pause {
  std::string destination;  // as destination_named() gives it
  WallTime since;
  std::string user;
  std::string why;  // may be empty

  // What a recipient is told: "paused by the operator since 2026-11-21 23:10 UTC". Why is no affair
  // of the senders, who read it in their reports.
  Reason told_to_recipients() const;
};

// The destination that an operator means by a next hop ("mx:example.org", "smtp:HOST[:PORT]",
// "lmtp:unix:/path", "local"), by several with commas, which are one destination, or by a domain;
// as the router names it, with `port` where the next hop has none. Nothing if it is none of them.
std::optional<std::string> destination_named(std::string_view text, std::uint64_t port);
// The destination of a domain that is paused, in upper or lower case.
std::string destination_of_domain(std::string_view domain);
bool is_of_domain(std::string_view destination) noexcept;
// A destination as an operator names it.
std::string_view name_of(std::string_view destination) noexcept;

}  // namespace postrider::queued
