#include "ctl/verify/queue_rows.h"

#include <filesystem>

#include <fmt/format.h>

#include "common/spool/envelope.pb.h"
#include "common/spool/queue_schema.h"

namespace postrider::ctl {

namespace {

// The first column of every row, as text.
Result<void> collect(sqlite::Statement& statement, std::vector<std::string>& to) {
  while (true) {
    const auto row = statement.step();
    if (!row) return pass_on(row.error());
    if (!*row) return {};
    to.emplace_back(statement.text(0));
  }
}

}  // namespace

Result<QueueRows> QueueRows::open(const spool::Paths& paths, sqlite::Access access) {
  const std::string path = paths.queue_db();
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return fail(ErrorKind::not_found, path);
  auto database = sqlite::Database::open(path, access);
  if (!database) return pass_on(std::move(database.error()));
  const auto version = database->schema_version();
  if (!version) return pass_on(version.error());
  constexpr auto kKnown = static_cast<std::int64_t>(spool::kQueueSchema.size());
  if (*version > kKnown)
    return fail(ErrorKind::invalid, fmt::format("{}: is of version {}, and this release knows "
                                                "version {}",
                                                path, *version, kKnown));
  if (*version == 0)
    return fail(ErrorKind::not_found, path);  // queued ended before it made the tables
  auto ids = database->prepare("SELECT id FROM message WHERE id>?1 ORDER BY id LIMIT ?2");
  auto row = database->prepare(
      "SELECT content_length, content_checksum, state IN (0,1,2,3), envelope FROM message WHERE "
      "id=?1");
  auto recipients = database->prepare("SELECT 1 FROM recipient WHERE message=?1 LIMIT 1");
  for (auto* statement : {&ids, &row, &recipients})
    if (!*statement) return fail(ErrorKind::corrupt, statement->error().text);
  return QueueRows(std::move(*database),
                   {std::move(*ids), std::move(*row), std::move(*recipients)});
}

Result<std::vector<std::string>> QueueRows::check() {
  std::vector<std::string> complaints;
  auto integrity = database_.prepare(fmt::format("PRAGMA integrity_check({})", kMaxComplaints));
  if (!integrity) return pass_on(std::move(integrity.error()));
  if (auto read = collect(*integrity, complaints); !read) return pass_on(std::move(read.error()));
  if (complaints == std::vector<std::string>{"ok"}) complaints.clear();
  auto references = database_.prepare(fmt::format(
      "SELECT 'recipient of ' || message || ' without its message' FROM recipient WHERE message "
      "NOT IN (SELECT id FROM message) LIMIT {}",
      kMaxComplaints));
  if (!references) return pass_on(std::move(references.error()));
  if (auto read = collect(*references, complaints); !read) return pass_on(std::move(read.error()));
  return complaints;
}

Result<std::vector<std::string>> QueueRows::ids(const std::string& after) {
  std::vector<std::string> found;
  statements_.ids.bind(std::string_view(after), kPortion);
  if (auto read = collect(statements_.ids, found); !read) return pass_on(std::move(read.error()));
  return found;
}

Result<std::optional<QueueRows::Row>> QueueRows::find(const std::string& id) {
  sqlite::Statement& row = statements_.row;
  const auto there = row.bind(std::string_view(id)).step();
  if (!there) return pass_on(there.error());
  if (!*there) return std::optional<Row>();
  Row found{.content_length = static_cast<std::uint64_t>(row.integer(0)),
            .content_checksum = static_cast<std::uint64_t>(row.integer(1))};
  const std::string_view octets = row.text(3);
  spool::Envelope envelope;
  found.sound = row.integer(2) != 0 && MessageId::parse(id) &&
                envelope.ParseFromArray(octets.data(), static_cast<int>(octets.size()));
  row.reset();
  if (found.sound) {
    const auto any = has_recipients(id);
    if (!any) return pass_on(any.error());
    found.sound = *any;
  }
  return std::optional<Row>(found);
}

Result<bool> QueueRows::has_recipients(const std::string& id) {
  auto row = statements_.recipients.bind(std::string_view(id)).step();
  statements_.recipients.reset();
  return row;
}

}  // namespace postrider::ctl
