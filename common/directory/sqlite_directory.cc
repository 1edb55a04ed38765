#include "common/directory/sqlite_directory.h"

#include <utility>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/directory/address.h"
#include "common/directory/password.h"
#include "common/directory/schema.h"

namespace postrider::directory {

namespace {

constexpr std::string_view kPostmaster = "postmaster";
// The local part of the alias that takes what nothing else takes.
constexpr std::string_view kRestOfDomain;

// An answer that is known already and given from the loop.
template <typename Answer>
class Answering final : public Pending {
 public:
  using Done = UniqueFunction<void(Result<Answer>)>;

  Answering(event::EventLoop& loop, Result<Answer> answer, Done done)
      : done_(std::make_shared<Done>(std::move(done))) {
    loop.defer([done = std::weak_ptr<Done>(done_), answer = std::move(answer)]() mutable {
      const auto alive = done.lock();
      if (alive) (*alive)(std::move(answer));
    });
  }

 private:
  std::shared_ptr<Done> done_;  // second owner, for its own call: the task in the loop
};

template <typename Answer, typename Done>
PendingPtr answer_later(event::EventLoop& loop, Result<Answer> answer, Done done) {
  return std::make_unique<Answering<Answer>>(loop, std::move(answer), std::move(done));
}

}  // namespace

SqliteDirectory::SqliteDirectory(event::EventLoop& loop, event::WorkerPool& pool,
                                 const std::string& database_path, std::string hostname)
    : loop_(loop), pool_(pool), path_(database_path), hostname_(to_lower(hostname)) {}

Result<SqliteDirectory::Open> SqliteDirectory::open(const std::string& path) {
  auto database = sqlite::Database::open(path, sqlite::Access::read, kBusyTimeout);
  if (!database) return tl::unexpected<Error>(std::move(database.error()));
  const auto schema = database->schema_version();
  if (!schema) return tl::unexpected<Error>(schema.error());
  if (*schema != static_cast<std::int64_t>(kSchema.size()))
    return fail(ErrorKind::temporary, fmt::format("{}: has schema {}, this release needs {}", path,
                                                  *schema, kSchema.size()));
  auto version = database->prepare("PRAGMA data_version");
  auto domain = database->prepare("SELECT 1 FROM domains WHERE name = ?1");
  auto user = database->prepare("SELECT password, quota FROM users WHERE domain = ?1 AND local = ?2");
  auto alias = database->prepare("SELECT target FROM aliases WHERE domain = ?1 AND local = ?2");
  for (auto* statement : {&version, &domain, &user, &alias})
    if (!*statement) return tl::unexpected<Error>(std::move(statement->error()));
  return Open{std::move(*database), std::move(*version), std::move(*domain), std::move(*user),
              std::move(*alias)};
}

// Opens the file if it is not open, and forgets the cache if another process has changed it; looks
// at most every kRecheck.
Result<void> SqliteDirectory::refresh() {
  const bool due = !checked_ || loop_.now() - *checked_ >= kRecheck;
  if (!due && open_) return {};
  if (!due) return tl::unexpected<Error>(trouble_);
  checked_ = loop_.now();
  if (!open_) {
    auto opened = open(path_);
    if (!opened) {
      trouble_ = {ErrorKind::temporary, "directory: " + opened.error().text};
      return tl::unexpected<Error>(trouble_);
    }
    open_ = std::move(*opened);
  }
  const auto row = open_->version.step();
  if (!row) return tl::unexpected<Error>(row.error());
  const std::int64_t version = open_->version.integer(0);
  open_->version.reset();
  if (version != data_version_) {
    cache_.clear();
    foreign_.clear();
  }
  data_version_ = version;
  return {};
}

PendingPtr SqliteDirectory::find_recipient(std::string_view address,
                                           UniqueFunction<void(Result<RecipientAnswer>)> done) {
  auto answer = find(address);
  if (!answer) answer.error().kind = ErrorKind::temporary;
  return answer_later(loop_, std::move(answer), std::move(done));
}

Result<RecipientAnswer> SqliteDirectory::find(std::string_view address) {
  if (auto fresh = refresh(); !fresh) return tl::unexpected<Error>(std::move(fresh.error()));
  const bool bare_postmaster = equals_ignoring_case(address, kPostmaster);
  const auto parts =
      bare_postmaster ? Address{std::string(kPostmaster), hostname_} : split_address(address);
  if (!parts) return RecipientAnswer{RecipientAnswer::Kind::unknown_user, {}, {}};
  const std::string key = parts->str();
  if (const RecipientAnswer* kept = cache_.find(key)) return *kept;
  // Mail for a bare postmaster has no other host to go to.
  const auto elsewhere =
      bare_postmaster ? RecipientAnswer::Kind::unknown_user : RecipientAnswer::Kind::foreign;
  if (foreign_.find(parts->domain) != nullptr) return RecipientAnswer{elsewhere, {}, {}};
  const auto ours = is_ours(parts->domain);
  if (!ours) return tl::unexpected<Error>(ours.error());
  if (!*ours) {
    foreign_.keep(parts->domain, {RecipientAnswer::Kind::foreign, {}, {}});
    return RecipientAnswer{elsewhere, {}, {}};
  }
  auto answer = find_in_domain(parts->local, parts->domain);
  const bool found = answer && answer->kind != RecipientAnswer::Kind::unknown_user;
  return found ? cache_.keep(key, std::move(*answer)) : answer;
}

// The address itself, then without its tag, then whoever takes the rest of the domain. A postmaster
// that the domain does not name is the host's (RFC 5321 section 4.5.1: it must exist).
Result<RecipientAnswer> SqliteDirectory::find_in_domain(const std::string& local,
                                                        const std::string& domain) {
  for (const std::string_view name : {std::string_view(local), without_tag(local), kRestOfDomain}) {
    auto answer = find_exactly(name, domain);
    if (!answer) return tl::unexpected<Error>(std::move(answer.error()));
    if (*answer) return std::move(**answer);
  }
  if (local == kPostmaster && domain != hostname_) {
    auto host = find_exactly(kPostmaster, hostname_);
    if (!host) return tl::unexpected<Error>(std::move(host.error()));
    if (*host)
      return RecipientAnswer{
          RecipientAnswer::Kind::alias, {}, {fmt::format("{}@{}", kPostmaster, hostname_)}};
  }
  return RecipientAnswer{RecipientAnswer::Kind::unknown_user, {}, {}};
}

Result<std::optional<RecipientAnswer>> SqliteDirectory::find_exactly(std::string_view local,
                                                                     std::string_view domain) {
  RecipientAnswer answer{RecipientAnswer::Kind::alias, {}, {}};
  open_->alias.bind(domain, local);
  while (true) {
    const auto row = open_->alias.step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) break;
    answer.targets.emplace_back(open_->alias.text(0));
  }
  if (!answer.targets.empty()) return answer;
  const auto row = open_->user.bind(domain, local).step();
  if (!row) return tl::unexpected<Error>(row.error());
  if (*row) {
    answer.kind = RecipientAnswer::Kind::mailbox;
    answer.mailbox = fmt::format("{}@{}", local, domain);
    answer.quota = static_cast<std::uint64_t>(open_->user.integer(1));
  }
  open_->user.reset();
  if (!*row) return std::nullopt;
  return answer;
}

Result<bool> SqliteDirectory::is_ours(std::string_view domain) {
  const auto row = open_->domain.bind(domain).step();
  open_->domain.reset();
  return row;
}

PendingPtr SqliteDirectory::verify_password(std::string_view address, Secret password,
                                            UniqueFunction<void(Result<LoginAnswer>)> done) {
  auto hash = password_hash(address);
  if (hash && pool_.waiting() >= kMaxWaiting)
    hash = fail(ErrorKind::temporary, "directory: too many passwords wait to be verified");
  if (!hash)
    return answer_later(loop_, Result<LoginAnswer>(fail(ErrorKind::temporary, hash.error().text)),
                        std::move(done));
  return pool_.run(
      [hash = std::move(*hash), password = std::move(password)] {
        return password_fits(hash, password);
      },
      [mailbox = to_lower(address), done = std::move(done)](Result<bool> fits) mutable {
        if (!fits) return done(tl::unexpected<Error>(std::move(fits.error())));
        done(*fits ? LoginAnswer{true, std::move(mailbox)} : LoginAnswer{});
      });
}

// Empty if there is no such user, or one who cannot log in.
Result<std::string> SqliteDirectory::password_hash(std::string_view address) {
  if (auto fresh = refresh(); !fresh) return tl::unexpected<Error>(std::move(fresh.error()));
  const auto parts = split_address(address);
  if (!parts) return std::string();
  const auto row = open_->user.bind(parts->domain, parts->local).step();
  if (!row) return tl::unexpected<Error>(row.error());
  std::string hash(*row ? open_->user.text(0) : std::string_view());
  open_->user.reset();
  return hash;
}

}  // namespace postrider::directory
