#include "common/directory/sqlite_directory.h"

#include <utility>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/directory/address.h"
#include "common/event/answer_later.h"

namespace postrider::directory {

namespace {

constexpr std::string_view kPostmaster = "postmaster";
// The local part of the alias that takes what nothing else takes.
constexpr std::string_view kRestOfDomain;

}  // namespace

SqliteDirectory::SqliteDirectory(event::EventLoop& loop, const Clock& clock,
                                 const std::string& database_path, std::string hostname)
    : loop_(loop),
      clock_(clock),
      hostname_(to_lower(hostname)),
      file_(
          loop, database_path,
          {"SELECT name, disabled FROM domains WHERE name = ?1 UNION ALL "
           "SELECT d.name, d.disabled FROM domain_aliases a JOIN domains d ON d.name = a.target "
           "WHERE a.name = ?1",
           "SELECT u.expires, coalesce(u.quota, d.quota, 0), "
           "coalesce(u.quota_messages, d.quota_messages, 0) "
           "FROM users u JOIN domains d ON d.name = u.domain WHERE u.domain = ?1 AND u.local = ?2",
           "SELECT target FROM aliases WHERE domain = ?1 AND local = ?2",
           "SELECT 1 FROM send_rights WHERE domain = ?1 AND local = ?2 AND address IN (?3, ?4)"}) {}

Result<void> SqliteDirectory::refresh() {
  const auto changed = file_.refresh();
  if (!changed) return pass_on(changed.error());
  if (*changed) {
    cache_.clear();
    foreign_.clear();
  }
  return {};
}

PendingPtr SqliteDirectory::find_recipient(std::string_view address,
                                           UniqueFunction<void(Result<RecipientAnswer>)> done) {
  auto answer = find(address);
  if (!answer) answer.error().kind = ErrorKind::temporary;
  return event::answer_later(loop_, std::move(answer), std::move(done));
}

Result<RecipientAnswer> SqliteDirectory::find(std::string_view address) {
  if (auto fresh = refresh(); !fresh) return pass_on(std::move(fresh.error()));
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
  const auto ours = find_domain(parts->domain);
  if (!ours) return pass_on(ours.error());
  if (!*ours) {
    foreign_.keep(parts->domain, {RecipientAnswer::Kind::foreign, {}, {}});
    return RecipientAnswer{elsewhere, {}, {}};
  }
  if ((*ours)->disabled) return RecipientAnswer{RecipientAnswer::Kind::disabled, {}, {}};
  auto found = find_in_domain(parts->local, (*ours)->name);
  if (!found) return pass_on(std::move(found.error()));
  const bool known = found->answer.kind != RecipientAnswer::Kind::unknown_user;
  return known && found->lasts ? cache_.keep(key, std::move(found->answer))
                               : std::move(found->answer);
}

// The address itself, then without its tag, then whoever takes the rest of the domain. A postmaster
// that the domain does not name is the host's (RFC 5321 section 4.5.1: it must exist).
Result<SqliteDirectory::Found> SqliteDirectory::find_in_domain(const std::string& local,
                                                               const std::string& domain) {
  for (const std::string_view name : {std::string_view(local), without_tag(local), kRestOfDomain}) {
    auto found = find_exactly(name, domain);
    if (!found) return pass_on(std::move(found.error()));
    if (*found) return std::move(**found);
  }
  if (local == kPostmaster && domain != hostname_) {
    auto host = find_exactly(kPostmaster, hostname_);
    if (!host) return pass_on(std::move(host.error()));
    if (*host)
      return Found{
          {RecipientAnswer::Kind::alias, {}, {fmt::format("{}@{}", kPostmaster, hostname_)}}};
  }
  return Found{{RecipientAnswer::Kind::unknown_user, {}, {}}};
}

Result<std::optional<SqliteDirectory::Found>> SqliteDirectory::find_exactly(
    std::string_view local, std::string_view domain) {
  Found found{{RecipientAnswer::Kind::alias, {}, {}}};
  sqlite::Statement& aliases = question(Question::alias).bind(domain, local);
  while (true) {
    const auto row = aliases.step();
    if (!row) return pass_on(row.error());
    if (!*row) break;
    found.answer.targets.emplace_back(aliases.text(0));
  }
  if (found.answer.targets.empty()) return find_user(local, domain);
  return found;
}

Result<std::optional<SqliteDirectory::Found>> SqliteDirectory::find_user(std::string_view local,
                                                                         std::string_view domain) {
  sqlite::Statement& user = question(Question::user).bind(domain, local);
  const auto row = user.step();
  if (!row) return pass_on(row.error());
  if (!*row) return std::nullopt;
  const std::int64_t expires = user.integer(0);
  Found found{{.kind = RecipientAnswer::Kind::mailbox,
               .mailbox = fmt::format("{}@{}", local, domain),
               .quota = {static_cast<std::uint64_t>(user.integer(1)),
                         static_cast<std::uint64_t>(user.integer(2))}},
              expires == 0};
  user.reset();
  if (expires != 0 && clock_.now() >= WallTime(std::chrono::seconds(expires)))
    found.answer = {.kind = RecipientAnswer::Kind::disabled};
  return found;
}

Result<std::optional<SqliteDirectory::OurDomain>> SqliteDirectory::find_domain(
    std::string_view name) {
  sqlite::Statement& asked = question(Question::domain).bind(name);
  const auto row = asked.step();
  if (!row) return pass_on(row.error());
  if (!*row) return std::nullopt;
  OurDomain domain{std::string(asked.text(0)), asked.integer(1) != 0};
  asked.reset();
  return domain;
}

}  // namespace postrider::directory
