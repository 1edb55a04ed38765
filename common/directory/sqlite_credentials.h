// sqlite_credentials.h - users' passwords from directory.db, verified on the worker pool.
//
// What a stranger could tell users by costs the same for all: each login looks for one user and one
// app password and verifies one argon2id hash, be there one or not; the salt of SCRAM is a hash of
// the address, be there such a user or not; and a hash of another program's is answered as a wrong
// password, after the time of one, with its reason in the log. What is left are the microseconds by
// which SCRAM takes longer with each password that a user has, and the time by which an imported
// argon2id hash costs more than ours and than the delay (auth/attempts.h) of a refused login.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/directory/address.h"
#include "common/directory/app_password.h"
#include "common/directory/credentials.h"
#include "common/directory/verified_passwords.h"
#include "common/directory/watched_database.h"
#include "common/event/event_loop.h"
#include "common/event/worker_pool.h"
#include "common/metrics/counters.h"

namespace postrider::directory {

class SqliteCredentials final : public Credentials, public Keepings {
 public:
  // Passwords that wait to be verified; further ones get a temporary error at once.
  static constexpr std::size_t kMaxWaiting = 100;

  // All outlive it. `clock` tells whether an app password has expired.
  SqliteCredentials(event::EventLoop& loop, event::WorkerPool& pool, VerifiedPasswords& verified,
                    const Clock& clock, const std::string& database_path);

  // Has the time that a check takes measured there; `counters` outlives it.
  void measure(metrics::Counters& counters) noexcept { counters_ = &counters; }

  PendingPtr verify_password(std::string_view address, Secret password, Service service,
                             UniqueFunction<void(Result<LoginAnswer>)> done) override;
  PendingPtr find_scram_keys(std::string_view address, Service service,
                             UniqueFunction<void(Result<ScramAnswer>)> done) override;
  PendingPtr verify_apop(std::string_view address, std::string_view timestamp,
                         std::string_view digest,
                         UniqueFunction<void(Result<LoginAnswer>)> done) override;
  PendingPtr confirm(const LoginAnswer& login, Service service,
                     UniqueFunction<void(Result<LoginAnswer>)> done) override;
  std::string account_of(std::string_view address) override;
  PendingPtr find_keeping(std::string_view mailbox,
                          UniqueFunction<void(Result<std::optional<Keeping>>)> done) override;

 private:
  enum class Question : std::size_t {
    user,
    app_password,   // by selector
    app_passwords,  // all of a user
    scram,
    apop,  // the user's secret for APOP
    domain_alias,
  };
  // A password that the one given may be.
  struct Candidate {
    std::string hash;         // empty: none fits
    LoginAnswer answer;       // if it fits
    std::string_view reason;  // if it does not
  };

  sqlite::Statement& question(Question asked) {
    return file_.question(static_cast<std::size_t>(asked));
  }
  // What is known of a user, whichever the password.
  struct Account {
    std::string hash, scram;  // of the main password
    Scope scope;              // the same
    std::string_view reason;  // why nobody logs in; empty: the user may
    Keeping keeping;
  };

  // In the domain that the one given is an alias of.
  Result<Address> canonical(std::string_view address);
  Result<std::optional<Keeping>> keeping_of(std::string_view mailbox);
  Result<std::optional<Account>> find_account(const Address& address);
  Result<Candidate> find_candidate(const Address& address, std::string_view password,
                                   Service service);
  Result<ScramAnswer> find_scram(std::string_view given, Service service);
  Result<LoginAnswer> judge_again(const LoginAnswer& login, Service service);
  Result<LoginAnswer> judge_apop(std::string_view given, std::string_view timestamp,
                                 std::string_view digest);
  // What the main password, or that of the current row of app_password or app_passwords, means for
  // that service.
  static LoginAnswer judge(const Account& account, std::string_view mailbox, Service service);
  LoginAnswer judge(const sqlite::Statement& row, const Account& account, std::string_view mailbox,
                    Service service) const;
  static std::optional<WallTime> expiry(const sqlite::Statement& row);

  event::EventLoop& loop_;
  event::WorkerPool& pool_;
  VerifiedPasswords& verified_;
  const Clock& clock_;
  metrics::Counters* counters_ = nullptr;
  WatchedDatabase file_;
};

}  // namespace postrider::directory
