#include "common/trace/retention.h"
#include "common/trace/schema.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace postrider::trace {

namespace {

constexpr std::string_view kOld =
    "SELECT subject, max(time), max(event IN ('ended', 'disconnected', 'message_refused', "
    "'message_abandoned')) FROM events WHERE subject >= ?1 AND subject < ?2 "
    "GROUP BY subject ORDER BY subject LIMIT ?3";
constexpr std::string_view kOldest =
    "SELECT DISTINCT subject FROM events ORDER BY subject LIMIT ?1";
constexpr std::string_view kForgetSubject = "DELETE FROM events WHERE subject = ?1";
// Only once its last event is gone: name by name, each portion took as long as all of the hour.
constexpr std::string_view kForgetNames =
    "DELETE FROM names WHERE hour = ?1 AND NOT EXISTS "
    "(SELECT 1 FROM events WHERE subject >= ?2 AND subject < ?3)";
constexpr std::string_view kForgetLosses = "DELETE FROM losses WHERE until < ?1";

constexpr std::string_view kInUse =
    "SELECT (page_count - freelist_count) * page_size "
    "FROM pragma_page_count, pragma_freelist_count, pragma_page_size";

}  // namespace

Result<Retention> Retention::open(const std::string& path, const Limits& limits) {
  auto database = sqlite::Database::open(path, sqlite::Access::write);
  if (!database) return pass_on(database.error());
  if (auto set = database->execute("PRAGMA synchronous=NORMAL;"); !set) return pass_on(set.error());
  return Retention(std::move(*database), limits);
}

Result<bool> Retention::forget_old(WallTime now) {
  auto rows = database_.prepare(kOld);
  if (!rows) return pass_on(rows.error());
  const WallTime over = now - limits_.keep;
  const WallTime forgotten = now - kWithoutEnd * limits_.keep;
  rows->bind(from_, first_subject(over), kPortion);
  std::vector<Subject> old;
  std::int64_t looked_at = 0;
  while (true) {
    const auto row = rows->step();
    if (!row) return pass_on(row.error());
    if (!*row) break;
    ++looked_at;
    from_ = rows->integer(0) + 1;
    const bool ended = rows->integer(2) != 0;
    if (rows->integer(1) < to_us(ended ? over : forgotten)) old.push_back(from_ - 1);
  }
  if (auto done = forget(old); !done) return pass_on(done.error());
  if (looked_at == kPortion) return true;
  from_ = 0;
  auto losses = database_.prepare(kForgetLosses);
  if (!losses) return pass_on(losses.error());
  if (auto done = losses->bind(to_us(over)).run(); !done) return pass_on(done.error());
  return false;
}

Result<bool> Retention::make_smaller() {
  const auto in_use = octets_in_use();
  if (!in_use) return pass_on(in_use.error());
  if (*in_use <= limits_.max_size) return false;
  auto rows = database_.prepare(kOldest);
  if (!rows) return pass_on(rows.error());
  rows->bind(kPortion);
  std::vector<Subject> oldest;
  while (true) {
    const auto row = rows->step();
    if (!row) return pass_on(row.error());
    if (!*row) break;
    oldest.push_back(rows->integer(0));
  }
  if (auto done = forget(oldest); !done) return pass_on(done.error());
  return !oldest.empty();
}

Result<void> Retention::forget(const std::vector<Subject>& subjects) {
  if (subjects.empty()) return {};
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(transaction.error());
  auto statement = database_.prepare(kForgetSubject);
  if (!statement) return pass_on(statement.error());
  std::set<Hour> hours;
  for (const Subject subject : subjects) {
    if (auto done = statement->bind(subject).run(); !done) return done;
    hours.insert(hour_of(subject));
  }
  for (const Hour hour : hours)
    if (auto done = forget_names(hour); !done) return done;
  return transaction->commit();
}

// Of an hour that has no events any more.
Result<void> Retention::forget_names(Hour hour) {
  auto statement = database_.prepare(kForgetNames);
  if (!statement) return pass_on(statement.error());
  const WallTime begins{std::chrono::hours{hour}};
  return statement->bind(hour, first_subject(begins), first_subject(begins + std::chrono::hours{1}))
      .run();
}

Result<std::uint64_t> Retention::octets_in_use() {
  auto statement = database_.prepare(kInUse);
  if (!statement) return pass_on(statement.error());
  const auto row = statement->step();
  if (!row) return pass_on(row.error());
  return static_cast<std::uint64_t>(statement->integer(0));
}

}  // namespace postrider::trace
