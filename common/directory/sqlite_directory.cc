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

SqliteDirectory::SqliteDirectory(event::EventLoop& loop, const std::string& database_path,
                                 std::string hostname)
    : loop_(loop),
      hostname_(to_lower(hostname)),
      file_(
          loop, database_path,
          {"SELECT 1 FROM domains WHERE name = ?1",
           "SELECT quota FROM users WHERE domain = ?1 AND local = ?2",
           "SELECT target FROM aliases WHERE domain = ?1 AND local = ?2",
           "SELECT 1 FROM send_rights WHERE domain = ?1 AND local = ?2 AND address IN (?3, ?4)"}) {}

Result<void> SqliteDirectory::refresh() {
  const auto changed = file_.refresh();
  if (!changed) return tl::unexpected<Error>(changed.error());
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
  sqlite::Statement& aliases = question(Question::alias).bind(domain, local);
  while (true) {
    const auto row = aliases.step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) break;
    answer.targets.emplace_back(aliases.text(0));
  }
  if (!answer.targets.empty()) return answer;
  sqlite::Statement& user = question(Question::user).bind(domain, local);
  const auto row = user.step();
  if (!row) return tl::unexpected<Error>(row.error());
  if (*row) {
    answer.kind = RecipientAnswer::Kind::mailbox;
    answer.mailbox = fmt::format("{}@{}", local, domain);
    answer.quota = static_cast<std::uint64_t>(user.integer(0));
  }
  user.reset();
  if (!*row) return std::nullopt;
  return answer;
}

Result<bool> SqliteDirectory::is_ours(std::string_view domain) {
  sqlite::Statement& asked = question(Question::domain).bind(domain);
  const auto row = asked.step();
  asked.reset();
  return row;
}

}  // namespace postrider::directory
