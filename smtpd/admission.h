// admission.h - how much may an address, and the network around it, ask of us?
//
//   wrong passwords                      the address is banned: the reason for a 421
//   connections at a time, or a minute   beyond: the same
//   errors in an hour                    beyond: each reply is held back longer (a tarpit)
//
// Counted by all workers together. The network of an IPv4 address is its /24, of an IPv6 address
// its /64, within which a client has as many addresses as it likes. Pure but for the counts.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "common/base/clock.h"
#include "common/config/settings.h"
#include "common/limits/bans.h"
#include "common/limits/tally.h"
#include "common/net/address.h"

namespace postrider::smtpd {

class Admission {
 public:
  // All outlive it.
  Admission(limits::Tally& tally, const limits::Bans& bans, const Clock& clock,
            const config::Settings& settings);

  // Counts a connection; or, if there is one too many, gives the reason and does not.
  std::optional<std::string_view> enter(const net::IpAddress& address);
  // Of each connection that entered.
  void leave(const net::IpAddress& address);

  // Counts `errors` of a client; how long the reply to the last one is to be held back.
  std::chrono::microseconds note_errors(const net::IpAddress& address, std::uint64_t errors);

 private:
  struct Scope;
  Scope scope(const net::IpAddress& address) const;
  bool is_limited(const net::IpAddress& address) const;

  limits::Tally& tally_;
  const limits::Bans& bans_;
  const Clock& clock_;
  const config::Settings::Smtpd& settings_;
  const net::Networks unlimited_;
  const net::Networks never_banned_;
};

}  // namespace postrider::smtpd
