#include "ctl/verify/record_index.h"

#include <array>

namespace postrider::ctl {

namespace {

// Nothing of it is to outlive the command: no journal, no sync.
constexpr const char* kTables = R"sql(
  PRAGMA journal_mode=OFF;
  PRAGMA synchronous=OFF;
  CREATE TABLE record (
    id TEXT NOT NULL,
    segment TEXT NOT NULL,
    offset INTEGER NOT NULL,
    open INTEGER NOT NULL,
    PRIMARY KEY (id, segment, offset)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE large (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
)sql";

}  // namespace

Result<RecordIndex> RecordIndex::open() {
  auto database = sqlite::Database::open("", sqlite::Access::create);
  if (!database) return pass_on(std::move(database.error()));
  if (auto made = database->execute(kTables); !made) return pass_on(std::move(made.error()));
  auto add = database->prepare("INSERT OR REPLACE INTO record VALUES (?1, ?2, ?3, ?4)");
  auto others = database->prepare(
      "SELECT segment, offset FROM record WHERE id=?1 AND open=1 AND (segment<>?2 OR offset<>?3)");
  auto has_record = database->prepare("SELECT 1 FROM record WHERE id=?1 AND open>=?2 LIMIT 1");
  auto add_large = database->prepare("INSERT OR REPLACE INTO large VALUES (?1)");
  auto without = database->prepare(
      "SELECT id FROM large WHERE id>?1 AND NOT EXISTS "
      "(SELECT 1 FROM record WHERE record.id=large.id) ORDER BY id LIMIT ?2");
  for (auto* statement : {&add, &others, &has_record, &add_large, &without})
    if (!*statement) return pass_on(std::move(statement->error()));
  return RecordIndex(std::move(*database),
                     {std::move(*add), std::move(*others), std::move(*has_record),
                      std::move(*add_large), std::move(*without)});
}

Result<void> RecordIndex::add(const MessageId& id, const Place& place, bool is_open) {
  return statements_.add
      .bind(id.view(), std::string_view(place.segment), place.offset, std::int64_t{is_open})
      .run();
}

Result<std::vector<RecordIndex::Place>> RecordIndex::others(const MessageId& id,
                                                            const Place& place) {
  std::vector<Place> found;
  sqlite::Statement& each = statements_.others;
  each.bind(id.view(), std::string_view(place.segment), place.offset);
  while (true) {
    const auto row = each.step();
    if (!row) return pass_on(row.error());
    if (!*row) return found;
    found.push_back({std::string(each.text(0)), static_cast<std::uint64_t>(each.integer(1))});
  }
}

Result<bool> RecordIndex::has_record(const MessageId& id) { return has(id, false); }
Result<bool> RecordIndex::has_open_record(const MessageId& id) { return has(id, true); }

Result<bool> RecordIndex::has(const MessageId& id, bool open_only) {
  auto row = statements_.has_record.bind(id.view(), std::int64_t{open_only}).step();
  statements_.has_record.reset();
  return row;
}

Result<void> RecordIndex::add_large(const MessageId& id) {
  return statements_.add_large.bind(id.view()).run();
}

Result<std::vector<MessageId>> RecordIndex::large_without_record(const std::string& after,
                                                                 std::size_t limit) {
  std::vector<MessageId> found;
  sqlite::Statement& each = statements_.large_without_record;
  each.bind(std::string_view(after), limit);
  while (true) {
    const auto row = each.step();
    if (!row) return pass_on(row.error());
    if (!*row) return found;
    if (const auto id = MessageId::parse(each.text(0))) found.push_back(*id);
  }
}

}  // namespace postrider::ctl
