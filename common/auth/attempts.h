// attempts.h - every login that was tried, whatever the protocol: the one place that hears of each,
// and what follows from it.
//
//   a wrong password    the reply is held back, longer with each of that address
//   too many of them    the address is banned, and apart from that the account, under whichever of
//                       its names it is tried
//   one left unanswered counts as wrong for the address, not for the account: nothing was guessed
//   while a ban holds   a login is refused without a look at its password, and counts for nothing:
//                       neither do guesses prolong the ban, nor does the owner of a banned account
//                       come to be banned with every try
//
// Bans: common/limits/bans.h. What the operator is shown of each user: login_journal.h. Failures
// are logged as `authentication_failed`, with the reason, which the client is never told.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/auth/login_journal.h"
#include "common/base/clock.h"
#include "common/base/unique_function.h"
#include "common/config/settings.h"
#include "common/limits/bans.h"
#include "common/log/condition.h"
#include "common/log/log.h"
#include "common/metrics/counters.h"
#include "common/net/address.h"

namespace postrider::auth {

struct Attempt {
  enum class End : std::uint8_t {
    accepted,
    refused,
    banned,     // is_banned() said so: nothing was verified
    abandoned,  // the client left before it was answered: it has learnt nothing, and cost a hash
  };
  net::IpAddress client;
  std::string_view user;       // as the client gave it
  std::string_view mechanism;  // of SASL; "USER" is that of POP3
  End end;
  std::string_view reason = {};   // when refused
  std::string_view mailbox = {};  // the user's; empty: there is no such user, or it is not known
  std::string_view session = {};  // by which the log names it; empty: by nothing
};

// The bans that all processes share, from the run directory; where they cannot be had, the log is
// told and they are this process's alone.
limits::Bans open_bans(const std::string& run_directory, log::Logger& log);

struct Consequence {
  bool banned = false;  // the login is refused, and may be tried again when the ban is over
  std::chrono::microseconds delay{0};  // of the reply
};

class Attempts {
 public:
  // The account that a name which a client gave is one of: Credentials::account_of().
  using AccountOf = UniqueFunction<std::string(std::string_view user)>;

  // All outlive it. Null: nothing is recorded.
  Attempts(limits::Bans& bans, const config::Settings::Bans& settings, const Clock& clock,
           log::Logger& log, metrics::Counters& counters, AccountOf account_of,
           LoginJournal* journal = nullptr);

  // No connection is taken from it. False where the bans cannot be asked, of which the log tells;
  // so are those that follow.
  bool is_banned(const net::IpAddress& client);
  // No password is looked at: to be asked as soon as it is known who the client says to be, and
  // again before what it proves is judged. `user` as in Attempt.
  bool is_banned(const net::IpAddress& client, std::string_view user);

  // Once for each login that was judged or abandoned; not for one that could not be judged. What
  // was accepted is refused if a ban has begun meanwhile.
  Consequence note(const Attempt& attempt);
  // For one that could not be: the log tells when that begins, and that it is over when a login is
  // accepted, or whoever knows passwords has answered another question.
  void note_unavailable(std::string_view reason);
  void note_available();

 private:
  void record(const Attempt& attempt, bool accepted, bool banned);
  bool is_exempt(const net::IpAddress& client) const;
  bool is_banned(limits::BanKind kind, const std::string& name);
  std::chrono::microseconds hold_back(double failures) const;
  std::chrono::microseconds count_failure(const Attempt& attempt);
  double count(limits::BanKind kind, const std::string& name, std::uint64_t limit);

  limits::Bans& bans_;
  const config::Settings::Bans& settings_;
  const net::Networks exempt_;
  const Clock& clock_;
  log::Logger& log_;
  metrics::Counters& counters_;
  AccountOf account_of_;
  LoginJournal* const journal_;
  log::Condition unreachable_;  // the bans
  log::Condition unavailable_;  // whoever knows passwords
};

}  // namespace postrider::auth
