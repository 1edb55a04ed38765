#include "common/directory/sqlite_credentials.h"

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
    "the password is no argon2id hash; set it anew with: postrider user passwd";
constexpr std::string_view kForeignAppPassword =
    "the app password is no argon2id hash; remove it with: postrider user app-password remove";
constexpr std::string_view kOtherScope = "the app password is not for this service";

// Columns of app_password and app_passwords.
enum Column : int { name, hash, scram, scope, expires };

tl::unexpected<Error> temporary(const Error& error) {
  return fail(ErrorKind::temporary, error.text);
}

// Of another program: whether the password is right nobody can tell.
bool is_foreign(const std::string& hash) { return !hash.empty() && !is_password_hash(hash); }

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
            {"SELECT password, scram FROM users WHERE domain = ?1 AND local = ?2",
             "SELECT name, password, scram, scope, expires FROM app_passwords "
             "WHERE domain = ?1 AND local = ?2 AND selector = ?3",
             "SELECT name, password, scram, scope, expires FROM app_passwords "
             "WHERE domain = ?1 AND local = ?2 ORDER BY name",
             "SELECT salt_key, iterations FROM scram",
             // No table holds one yet.
             "SELECT '' WHERE 0 AND ?1 = ?2"}) {}

// ---- Passwords as they are ----

PendingPtr SqliteCredentials::verify_password(std::string_view address, Secret password,
                                              Service service,
                                              UniqueFunction<void(Result<LoginAnswer>)> done) {
  const auto answer = [&](Result<LoginAnswer> known) {
    return event::answer_later(loop_, std::move(known), std::move(done));
  };
  if (const auto fresh = file_.refresh(); !fresh) return answer(temporary(fresh.error()));
  auto candidate =
      find_candidate(split_address(address).value_or(Address{}), password.reveal(), service);
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
  return pool_.compute(std::move(verify),
                       [this, digest, candidate = std::move(*candidate),
                        done = std::move(done)](const Result<bool>& fits) mutable {
                         if (!fits) return done(tl::unexpected<Error>(fits.error()));
                         if (!*fits) return done(LoginAnswer{.reason = candidate.reason});
                         if (candidate.answer.accepted) verified_.note(digest, loop_.now());
                         done(std::move(candidate.answer));
                       });
}

// The app password that has this one's selector, else the main one.
Result<SqliteCredentials::Candidate> SqliteCredentials::find_candidate(const Address& address,
                                                                       std::string_view password,
                                                                       Service service) {
  Candidate candidate{.reason = kNoUser};
  auto& user = question(Question::user).bind(address.domain, address.local);
  const auto known = user.step();
  if (!known) return tl::unexpected<Error>(known.error());
  if (*known) {
    candidate.hash = user.text(0);
    candidate.reason = candidate.hash.empty() ? kNoPassword : kWrongPassword;
    candidate.answer = {.accepted = true, .mailbox = address.str()};
  }
  user.reset();
  std::string_view foreign = kForeignHash;
  if (const auto selector = selector_of(password)) {
    auto& row = question(Question::app_password).bind(address.domain, address.local, *selector);
    const auto found = row.step();
    if (!found) return tl::unexpected<Error>(found.error());
    if (*found) {
      foreign = kForeignAppPassword;
      candidate = {.hash = std::string(row.text(Column::hash)),
                   .answer = judge(row, address.str(), service),
                   .reason = kWrongPassword};
    }
    row.reset();
  }
  if (is_foreign(candidate.hash)) {
    candidate.reason = foreign;
    candidate.hash.clear();  // costs what a wrong password costs
  }
  return candidate;
}

LoginAnswer SqliteCredentials::judge(const sqlite::Statement& row, std::string_view mailbox,
                                     Service service) const {
  const auto of = parse_scope(row.text(Column::scope));
  if (!of || !of->covers(service)) return {.reason = kOtherScope};
  const auto until = expiry(row);
  if (until && *until <= clock_.now()) return {.reason = kExpired};
  return {.accepted = true,
          .mailbox = std::string(mailbox),
          .app_password = std::string(row.text(Column::name))};
}

std::optional<WallTime> SqliteCredentials::expiry(const sqlite::Statement& row) {
  const std::int64_t seconds = row.integer(Column::expires);
  if (seconds == 0) return std::nullopt;
  return WallTime(std::chrono::seconds(seconds));
}

// ---- SCRAM ----

PendingPtr SqliteCredentials::find_scram_keys(std::string_view address, Service service,
                                              UniqueFunction<void(Result<ScramAnswer>)> done) {
  auto answer = find_scram(split_address(address).value_or(Address{}), service);
  if (!answer) answer.error().kind = ErrorKind::temporary;
  return event::answer_later(loop_, std::move(answer), std::move(done));
}

Result<ScramAnswer> SqliteCredentials::find_scram(const Address& address, Service service) {
  if (const auto fresh = file_.refresh(); !fresh) return tl::unexpected<Error>(fresh.error());
  ScramAnswer answer{.reason = kNoUser};
  auto& made_with = question(Question::scram);
  if (const auto row = made_with.step(); !row) return tl::unexpected<Error>(row.error());
  answer.user.salt = scram_salt(made_with.text(0), address.str());
  answer.user.iterations = static_cast<unsigned>(made_with.integer(1));
  made_with.reset();

  const auto add = [&](std::string_view octets, LoginAnswer login) {
    const auto keys = parse_keys(octets);
    if (!keys) return;
    answer.user.keys.push_back(*keys);
    answer.logins.push_back(std::move(login));
    answer.reason = kWrongPassword;
  };
  auto& user = question(Question::user).bind(address.domain, address.local);
  const auto found = user.step();
  if (!found) return tl::unexpected<Error>(found.error());
  if (*found) {
    answer.reason = user.text(0).empty()                    ? kNoPassword
                    : is_foreign(std::string(user.text(0))) ? kForeignHash
                                                            : kNoScramKeys;
    add(user.text(1), {.accepted = true, .mailbox = address.str()});
  }
  user.reset();
  auto& row = question(Question::app_passwords).bind(address.domain, address.local);
  while (true) {
    const auto another = row.step();
    if (!another) return tl::unexpected<Error>(another.error());
    if (!*another) break;
    add(row.text(Column::scram), judge(row, address.str(), service));
  }
  return answer;
}

// ---- APOP ----

PendingPtr SqliteCredentials::verify_apop(std::string_view address, std::string_view timestamp,
                                          std::string_view digest,
                                          UniqueFunction<void(Result<LoginAnswer>)> done) {
  auto answer = judge_apop(split_address(address).value_or(Address{}), timestamp, digest);
  if (!answer) answer.error().kind = ErrorKind::temporary;
  return event::answer_later(loop_, std::move(answer), std::move(done));
}

// A user without a secret costs the digest of one as well.
Result<LoginAnswer> SqliteCredentials::judge_apop(const Address& address,
                                                  std::string_view timestamp,
                                                  std::string_view digest) {
  if (const auto fresh = file_.refresh(); !fresh)
    return tl::unexpected<Error>(std::move(fresh.error()));
  auto& row = question(Question::apop).bind(address.domain, address.local);
  const auto found = row.step();
  if (!found) return tl::unexpected<Error>(found.error());
  const Secret secret(*found ? std::string(row.text(0)) : std::string());
  row.reset();
  const bool fits = sasl::apop_fits(timestamp, secret, digest);
  if (secret.reveal().empty()) return LoginAnswer{.reason = kNoApopSecret};
  if (!fits) return LoginAnswer{.reason = kWrongApopDigest};
  return LoginAnswer{.accepted = true, .mailbox = address.str()};
}

}  // namespace postrider::directory
