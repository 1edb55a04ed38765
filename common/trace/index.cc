#include "common/trace/index.h"

#include <charconv>
#include <utility>

#include "common/base/timestamp.h"
#include "common/trace/belonging.h"
#include "common/trace/schema.h"

namespace postrider::trace {

namespace {

// More at once than by default: what is not synced costs less in larger pieces.
constexpr const char* kSettings =
    "PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-16000;";

constexpr std::string_view kAddEvent =
    "INSERT INTO events (subject, number, time, process, event, rest) VALUES (?1,?2,?3,?4,?5,?6)";
constexpr std::string_view kAddName =
    "INSERT OR IGNORE INTO names (hour, name, subject) VALUES (?1,?2,?3)";
constexpr std::string_view kAddLoss = "INSERT INTO losses (since, until, octets) VALUES (?1,?2,?3)";
constexpr std::string_view kSetTaken =
    "INSERT INTO files (name, taken) VALUES (?1,?2) ON CONFLICT (name) DO UPDATE SET taken=?2";
constexpr std::string_view kForgetFile = "DELETE FROM files WHERE name=?1";
constexpr std::string_view kSetNumber = "UPDATE counter SET number=?1";

}  // namespace

Result<Index> Index::open(const std::string& path) {
  auto database = sqlite::Database::open(path, sqlite::Access::create);
  if (!database) return pass_on(database.error());
  if (auto done = database->migrate(kSchema); !done) return pass_on(done.error());
  if (auto set = database->execute(kSettings); !set) return pass_on(set.error());
  auto last = database->prepare("SELECT number FROM counter");
  if (!last) return pass_on(last.error());
  if (const auto row = last->step(); !row) return pass_on(row.error());
  const std::int64_t number = last->integer(0);
  last->reset();
  std::vector<sqlite::Statement> prepared;
  for (const std::string_view sql :
       {kAddEvent, kAddName, kAddLoss, kSetTaken, kForgetFile, kSetNumber}) {
    auto statement = database->prepare(sql);
    if (!statement) return pass_on(statement.error());
    prepared.push_back(std::move(*statement));
  }
  const auto take = [&](std::size_t i) { return std::move(prepared[i]); };
  return Index(std::move(*database), {take(0), take(1), take(2), take(3), take(4), take(5)},
               number);
}

Result<void> Index::begin() {
  transaction_.reset();
  auto begun = sqlite::Transaction::begin(database_);
  if (!begun) return pass_on(begun.error());
  transaction_.emplace(std::move(*begun));
  return {};
}

Result<void> Index::commit() {
  if (auto set = statements_.number.bind(number_).run(); !set) return set;
  auto done = transaction_->commit();
  transaction_.reset();
  return done;
}

Result<void> Index::add(std::string_view text) {
  const auto line = parse_line(text);
  if (!line) return {};
  const auto values = parse_values(line->rest);
  if (!values) return {};
  if (line->event == "trace_lost") return add_loss(*line, *values);
  const auto owners = owners_of(*values);
  for (const auto& [subject, id] : owners)
    if (auto added = add_for(subject, *line); !added) return added;
  return owners.empty() ? Result<void>{} : add_names(owners.front().first, *line, *values);
}

Result<void> Index::add_loss(const Line& line, const Values& values) {
  const auto since = parse_timestamp(value_of(values, "since"));
  const std::string_view octets = value_of(values, "octets");
  std::int64_t count = 0;
  std::from_chars(octets.data(), octets.data() + octets.size(), count);
  return statements_.loss.bind(to_us(since.value_or(line.time)), to_us(line.time), count).run();
}

Result<void> Index::add_for(Subject subject, const Line& line) {
  return statements_.event
      .bind(subject, ++number_, to_us(line.time), line.process, line.event, line.rest)
      .run();
}

Result<void> Index::add_names(Subject subject, const Line& line, const Values& values) {
  for (const std::string& name : names_of(line.event, values))
    if (auto added = statements_.name.bind(hour_of(subject), name_key(name), subject).run(); !added)
      return added;
  return {};
}

Result<void> Index::set_taken(std::string_view name, std::uint64_t octets) {
  return statements_.taken.bind(name, octets).run();
}

Result<void> Index::forget_file(std::string_view name) {
  return statements_.forget.bind(name).run();
}

Result<Taken> Index::taken() {
  transaction_.reset();  // what has failed is not true
  return taken_of(database_);
}

Result<Taken> taken_of(sqlite::Database& database) {
  Taken taken;
  auto rows = database.prepare("SELECT name, taken FROM files");
  if (!rows) return pass_on(rows.error());
  while (true) {
    const auto row = rows->step();
    if (!row) return pass_on(row.error());
    if (!*row) return taken;
    taken.emplace(rows->text(0), static_cast<std::uint64_t>(rows->integer(1)));
  }
}

}  // namespace postrider::trace
