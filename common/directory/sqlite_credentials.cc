#include "common/directory/sqlite_credentials.h"

#include <xxhash.h>

#include <algorithm>
#include <utility>

#include "common/base/ascii.h"
#include "common/directory/address.h"
#include "common/directory/app_password.h"
#include "common/directory/password.h"
#include "common/event/answer_later.h"
#include "common/sasl/apop.h"

namespace postrider::directory {

namespace {

// Why a login is refused, for the operator.
constexpr std::string_view kNoUser = "no such user";
constexpr std::string_view kNoPassword = "the user has no password";
constexpr std::string_view kNoApopSecret = "there is no secret for APOP of that user";
constexpr std::string_view kWrongApopDigest = "wrong digest of APOP";
constexpr std::string_view kNoScramKeys =
    "the password was set before SCRAM was known; set it anew";
constexpr std::string_view kWrongPassword = "wrong password";
constexpr std::string_view kExpired = "the app password has expired";
constexpr std::string_view kForeignHash =
    "the password is no argon2 hash of at most 256 MiB and 10 passes; set it anew with: postrider "
    "user passwd";
constexpr std::string_view kForeignAppPassword =
    "the app password is no argon2 hash of at most 256 MiB and 10 passes; remove it with: "
    "postrider "
    "user app-password remove";
constexpr std::string_view kOtherScope = "the app password is not for this service";
constexpr std::string_view kOtherMainScope = "the main password is not for this service";
constexpr std::string_view kDisabledUser = "the user is disabled";
constexpr std::string_view kDisabledDomain = "the domain is disabled";
constexpr std::string_view kExpiredUser = "the user has expired";
constexpr std::string_view kChanged = "the password is another now, or was taken away";

// Columns of app_password and app_passwords.
struct Column {
  enum Of : int { name, hash, scram, scope, expires };
};

tl::unexpected<Error> temporary(const Error& error) {
  return fail(ErrorKind::temporary, error.text);
}

// Of another program: whether the password is right nobody can tell.
bool is_foreign(const std::string& hash) { return !hash.empty() && !is_password_hash(hash); }

// Of a password's hash, or of its keys for SCRAM.
std::uint64_t secret_of(std::string_view stored) {
  return XXH3_64bits(stored.data(), stored.size());
}

std::optional<sasl::ScramKeys> parse_keys(std::string_view octets) {
  constexpr std::size_t kSize = sasl::ScramKeys::kSize;
  if (octets.size() != 2 * kSize) return std::nullopt;
  sasl::ScramKeys keys;
  std::copy_n(octets.begin(), kSize, keys.stored.begin());
  std::copy_n(octets.begin() + kSize, kSize, keys.server.begin());
  return keys;
}

}  // namespace

SqliteCredentials::SqliteCredentials(event::EventLoop& loop, event::WorkerPool& pool,
                                     VerifiedPasswords& verified, const Clock& clock,
                                     const std::string& database_path)
    : loop_(loop),
      pool_(pool),
      verified_(verified),
      clock_(clock),
      file_(loop, database_path,
            {"SELECT u.password, u.scram, u.scope, u.disabled, u.expires, d.disabled, "
             "coalesce(u.retention, d.retention), coalesce(u.trash, d.trash) "
             "FROM users u JOIN domains d ON d.name = u.domain "
             "WHERE u.domain = ?1 AND u.local = ?2",
             "SELECT name, password, scram, scope, expires FROM app_passwords "
             "WHERE domain = ?1 AND local = ?2 AND selector = ?3",
             "SELECT name, password, scram, scope, expires FROM app_passwords "
             "WHERE domain = ?1 AND local = ?2 ORDER BY name",
             "SELECT salt_key, iterations FROM scram",
             "SELECT secret FROM apop_secrets WHERE domain = ?1 AND local = ?2",
             "SELECT target FROM domain_aliases WHERE name = ?1"}) {}

// ---- Users ----

Result<Address> SqliteCredentials::canonical(std::string_view text) {
  Address address = split_address(text).value_or(Address{});
  auto& alias = question(Question::domain_alias).bind(address.domain);
  const auto row = alias.step();
  if (!row) return pass_on(row.error());
  if (*row) address.domain = alias.text(0);
  alias.reset();
  return address;
}

std::string SqliteCredentials::account_of(std::string_view address) {
  const auto parts = file_.refresh() ? canonical(address) : Result<Address>(Address{});
  return parts && !parts->domain.empty() ? parts->str() : to_lower(address);
}

Result<std::optional<SqliteCredentials::Account>> SqliteCredentials::find_account(
    const Address& address) {
  enum Of : int { hash, scram, scope, disabled, expires, domain_disabled, retention, trash };
  auto& row = question(Question::user).bind(address.domain, address.local);
  const auto known = row.step();
  if (!known) return pass_on(known.error());
  if (!*known) return std::nullopt;
  const auto days = [&](Of column) -> std::optional<std::uint32_t> {
    if (row.is_null(column)) return std::nullopt;
    return static_cast<std::uint32_t>(row.integer(column));
  };
  Account account{.hash = std::string(row.text(Of::hash)),
                  .scram = std::string(row.text(Of::scram)),
                  .scope = parse_scope(row.text(Of::scope)).value_or(Scope{}),
                  .keeping = {days(Of::retention), days(Of::trash)}};
  const std::int64_t end = row.integer(Of::expires);
  if (end != 0 && WallTime(std::chrono::seconds(end)) <= clock_.now())
    account.reason = kExpiredUser;
  if (row.integer(Of::disabled) != 0) account.reason = kDisabledUser;
  if (row.integer(Of::domain_disabled) != 0) account.reason = kDisabledDomain;
  row.reset();
  return account;
}

PendingPtr SqliteCredentials::find_keeping(
    std::string_view mailbox, UniqueFunction<void(Result<std::optional<Keeping>>)> done) {
  auto answer = keeping_of(mailbox);
  if (!answer) answer.error().kind = ErrorKind::temporary;
  return event::answer_later(loop_, std::move(answer), std::move(done));
}

// By its own domain alone: the mailbox of an alias's name is none.
Result<std::optional<Keeping>> SqliteCredentials::keeping_of(std::string_view mailbox) {
  if (const auto fresh = file_.refresh(); !fresh) return pass_on(fresh.error());
  const auto address = split_address(mailbox);
  if (!address) return std::nullopt;
  const auto account = find_account(*address);
  if (!account) return pass_on(account.error());
  if (!*account) return std::nullopt;
  return (*account)->keeping;
}

LoginAnswer SqliteCredentials::judge(const Account& account, std::string_view mailbox,
                                     Service service) {
  LoginAnswer refused{.mailbox = std::string(mailbox), .reason = account.reason};
  if (refused.reason.empty() && !account.scope.covers(service)) refused.reason = kOtherMainScope;
  if (!refused.reason.empty()) return refused;
  return {.accepted = true, .mailbox = std::string(mailbox), .keeping = account.keeping};
}

// ---- Passwords as they are ----

PendingPtr SqliteCredentials::verify_password(std::string_view address, Secret password,
                                              Service service,
                                              UniqueFunction<void(Result<LoginAnswer>)> done) {
  const auto answer = [&](Result<LoginAnswer> known) {
    return event::answer_later(loop_, std::move(known), std::move(done));
  };
  if (const auto fresh = file_.refresh(); !fresh) return answer(temporary(fresh.error()));
  const auto parts = canonical(address);
  if (!parts) return answer(temporary(parts.error()));
  auto candidate = find_candidate(*parts, password.reveal(), service);
  if (!candidate) return answer(temporary(candidate.error()));
  const auto digest = verified_.digest(candidate->hash, password);
  // Nothing is kept of who is refused whatever the password.
  if (candidate->answer.accepted && verified_.knows(digest, loop_.now()))
    return answer(std::move(candidate->answer));
  if (pool_.waiting() >= kMaxWaiting)
    return answer(fail(ErrorKind::temporary, "directory: too many passwords wait to be verified"));
  auto verify = [hash = std::move(candidate->hash), password = std::move(password)] {
    return password_fits(hash, password);
  };
  return pool_.compute(
      std::move(verify), [this, digest, candidate = std::move(*candidate), begun = loop_.now(),
                          done = std::move(done)](const Result<bool>& fits) mutable {
        if (counters_ != nullptr)
          counters_->observe(metrics::Duration::password_check, loop_.now() - begun);
        if (!fits) return done(pass_on(fits.error()));
        if (!*fits)
          return done(LoginAnswer{.mailbox = std::move(candidate.answer.mailbox),
                                  .reason = candidate.reason});
        if (candidate.answer.accepted) verified_.note(digest, loop_.now());
        done(std::move(candidate.answer));
      });
}

// The app password that has this one's selector, else the main one.
Result<SqliteCredentials::Candidate> SqliteCredentials::find_candidate(const Address& address,
                                                                       std::string_view password,
                                                                       Service service) {
  Candidate candidate{.reason = kNoUser};
  const auto account = find_account(address);
  if (!account) return pass_on(account.error());
  if (*account)
    candidate = {.hash = (*account)->hash,
                 .answer = judge(**account, address.str(), service),
                 .reason = (*account)->hash.empty() ? kNoPassword : kWrongPassword};
  std::string_view foreign = kForeignHash;
  if (const auto selector = selector_of(password)) {
    auto& row = question(Question::app_password).bind(address.domain, address.local, *selector);
    const auto found = row.step();
    if (!found) return pass_on(found.error());
    if (*found && *account) {
      foreign = kForeignAppPassword;
      candidate = {.hash = std::string(row.text(Column::hash)),
                   .answer = judge(row, **account, address.str(), service),
                   .reason = kWrongPassword};
    }
    row.reset();
  }
  candidate.answer.secret = secret_of(candidate.hash);
  if (is_foreign(candidate.hash)) {
    candidate.reason = foreign;
    candidate.hash.clear();  // costs what a wrong password costs
  }
  return candidate;
}

LoginAnswer SqliteCredentials::judge(const sqlite::Statement& row, const Account& account,
                                     std::string_view mailbox, Service service) const {
  LoginAnswer refused{.mailbox = std::string(mailbox), .reason = account.reason};
  const auto of = parse_scope(row.text(Column::scope));
  const auto until = expiry(row);
  if (refused.reason.empty() && (!of || !of->covers(service))) refused.reason = kOtherScope;
  if (refused.reason.empty() && until && *until <= clock_.now()) refused.reason = kExpired;
  if (!refused.reason.empty()) return refused;
  return {.accepted = true,
          .mailbox = std::string(mailbox),
          .app_password = std::string(row.text(Column::name)),
          .keeping = account.keeping};
}

std::optional<WallTime> SqliteCredentials::expiry(const sqlite::Statement& row) {
  const std::int64_t seconds = row.integer(Column::expires);
  if (seconds == 0) return std::nullopt;
  return WallTime(std::chrono::seconds(seconds));
}

// ---- SCRAM ----

PendingPtr SqliteCredentials::find_scram_keys(std::string_view address, Service service,
                                              UniqueFunction<void(Result<ScramAnswer>)> done) {
  auto answer = find_scram(address, service);
  if (!answer) answer.error().kind = ErrorKind::temporary;
  return event::answer_later(loop_, std::move(answer), std::move(done));
}

Result<ScramAnswer> SqliteCredentials::find_scram(std::string_view given, Service service) {
  if (const auto fresh = file_.refresh(); !fresh) return pass_on(fresh.error());
  const auto address = canonical(given);
  if (!address) return pass_on(address.error());
  ScramAnswer answer{.reason = kNoUser};
  auto& made_with = question(Question::scram);
  if (const auto row = made_with.step(); !row) return pass_on(row.error());
  answer.user.salt = scram_salt(made_with.text(0), address->str());
  answer.user.iterations = static_cast<unsigned>(made_with.integer(1));
  made_with.reset();

  const auto add = [&](std::string_view octets, LoginAnswer login) {
    const auto keys = parse_keys(octets);
    if (!keys) return;
    login.secret = secret_of(octets);
    answer.user.keys.push_back(*keys);
    answer.logins.push_back(std::move(login));
    answer.reason = kWrongPassword;
  };
  const auto account = find_account(*address);
  if (!account) return pass_on(account.error());
  if (!*account) return answer;
  answer.mailbox = address->str();
  answer.reason = (*account)->hash.empty()       ? kNoPassword
                  : is_foreign((*account)->hash) ? kForeignHash
                                                 : kNoScramKeys;
  add((*account)->scram, judge(**account, address->str(), service));
  auto& row = question(Question::app_passwords).bind(address->domain, address->local);
  while (true) {
    const auto another = row.step();
    if (!another) return pass_on(another.error());
    if (!*another) break;
    add(row.text(Column::scram), judge(row, **account, address->str(), service));
  }
  return answer;
}

// ---- A session that goes on ----

PendingPtr SqliteCredentials::confirm(const LoginAnswer& login, Service service,
                                      UniqueFunction<void(Result<LoginAnswer>)> done) {
  auto answer = judge_again(login, service);
  if (!answer) answer.error().kind = ErrorKind::temporary;
  return event::answer_later(loop_, std::move(answer), std::move(done));
}

Result<LoginAnswer> SqliteCredentials::judge_again(const LoginAnswer& login, Service service) {
  if (const auto fresh = file_.refresh(); !fresh) return pass_on(fresh.error());
  const auto address = split_address(login.mailbox);
  if (!address) return LoginAnswer{.reason = kNoUser};
  const auto account = find_account(*address);
  if (!account) return pass_on(account.error());
  if (!*account) return LoginAnswer{.reason = kNoUser};
  const auto was_given = [&](std::string_view hash, std::string_view scram) {
    return (!hash.empty() && secret_of(hash) == login.secret) ||
           (!scram.empty() && secret_of(scram) == login.secret);
  };
  if (was_given((*account)->hash, (*account)->scram))
    return judge(**account, login.mailbox, service);
  LoginAnswer answer{.mailbox = login.mailbox, .reason = kChanged};
  auto& row = question(Question::app_passwords).bind(address->domain, address->local);
  while (true) {
    const auto another = row.step();
    if (!another) return pass_on(another.error());
    if (!*another) return answer;
    if (!was_given(row.text(Column::hash), row.text(Column::scram))) continue;
    answer = judge(row, **account, login.mailbox, service);
    row.reset();
    return answer;
  }
}

// ---- APOP ----

PendingPtr SqliteCredentials::verify_apop(std::string_view address, std::string_view timestamp,
                                          std::string_view digest,
                                          UniqueFunction<void(Result<LoginAnswer>)> done) {
  auto answer = judge_apop(address, timestamp, digest);
  if (!answer) answer.error().kind = ErrorKind::temporary;
  return event::answer_later(loop_, std::move(answer), std::move(done));
}

// A user without a secret costs the digest of one as well.
Result<LoginAnswer> SqliteCredentials::judge_apop(std::string_view given,
                                                  std::string_view timestamp,
                                                  std::string_view digest) {
  if (const auto fresh = file_.refresh(); !fresh) return pass_on(fresh.error());
  const auto address = canonical(given);
  if (!address) return pass_on(address.error());
  const auto account = find_account(*address);
  if (!account) return pass_on(account.error());
  auto& row = question(Question::apop).bind(address->domain, address->local);
  const auto found = row.step();
  if (!found) return pass_on(found.error());
  const Secret secret(*found ? std::string(row.text(0)) : std::string());
  row.reset();
  const bool fits = sasl::apop_fits(timestamp, secret, digest);
  if (!*account) return LoginAnswer{.reason = kNoApopSecret};
  LoginAnswer answer{.mailbox = address->str(), .keeping = (*account)->keeping};
  answer.reason = secret.reveal().empty() ? kNoApopSecret
                  : !fits                 ? kWrongApopDigest
                                          : (*account)->reason;
  answer.accepted = answer.reason.empty();
  return answer;
}

}  // namespace postrider::directory
