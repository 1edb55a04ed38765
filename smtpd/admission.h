// admission.h - how much may an address, and the network around it, ask of us?
//
//   wrong passwords                      the address is banned: the reason for a 421
//   connections at a time, or a minute   beyond: the same; of a user of this host at a time alone
//   errors in an hour                    beyond: each reply is held back longer (a tarpit)
//
// Counted by all workers together. Pure but for the counts.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "common/auth/attempts.h"
#include "common/base/clock.h"
#include "common/config/settings.h"
#include "common/limits/connections.h"
#include "common/limits/tally.h"
#include "common/net/address.h"

namespace postrider::smtpd {

class Admission {
 public:
  // All outlive it.
  Admission(limits::Tally& tally, auth::Attempts& attempts, const Clock& clock,
            const config::Settings& settings);

  // Counts a connection; or, if there is one too many, gives the reason and does not.
  std::optional<std::string_view> enter(const net::IpAddress& address);
  // The same of a client without an address: the user whose program it is, or kNoUser of all that
  // are known by nothing (net/peer_credentials.h).
  std::optional<std::string_view> enter_user(unsigned uid) { return connections_.enter_user(uid); }
  // Of each connection that entered.
  void leave(const net::IpAddress& address) { connections_.leave(address); }
  void leave_user(unsigned uid) { connections_.leave_user(uid); }

  // Counts `errors` of a client; how long the reply to the last one is to be held back.
  std::chrono::microseconds note_errors(const net::IpAddress& address, std::uint64_t errors);

 private:
  limits::Tally& tally_;
  auth::Attempts& attempts_;
  const Clock& clock_;
  const config::Settings::Smtpd& settings_;
  limits::Connections connections_;
};

}  // namespace postrider::smtpd
