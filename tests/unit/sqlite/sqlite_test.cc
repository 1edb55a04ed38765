#include "common/sqlite/sqlite.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>

#include "tests/unit/temp_directory.h"

namespace sqlite_sqlite_test {

using namespace postrider;
using namespace postrider::sqlite;
using postrider::test::TempDirectory;

namespace {

constexpr std::array kSchema{
    "CREATE TABLE fruit (name TEXT NOT NULL PRIMARY KEY, weight INTEGER, picture BLOB) STRICT"};

Database open_new(const TempDirectory& directory) {
  auto database = Database::open(directory.path("t.db"), Access::create);
  REQUIRE(database);
  REQUIRE(database->migrate(kSchema));
  return std::move(*database);
}

std::int64_t count(Database& database) {
  auto statement = database.prepare("SELECT count(*) FROM fruit");
  REQUIRE(statement);
  REQUIRE(statement->step().value());
  return statement->integer(0);
}

}  // namespace

TEST_CASE("sqlite: what was bound comes back, NUL octets and all", "[sqlite]") {
  const TempDirectory directory;
  Database database = open_new(directory);
  auto insert = database.prepare("INSERT INTO fruit VALUES (?1, ?2, ?3)");
  REQUIRE(insert);
  const std::string_view octets("\0\x01\xff", 3);
  REQUIRE(insert->bind(std::string_view("apple"), 150, Blob{octets}).run());
  REQUIRE(insert->bind(std::string_view("'; DROP TABLE fruit; --"), nullptr, Blob{}).run());
  CHECK(database.changes() == 1);
  CHECK(database.last_rowid() == 2);

  auto select = database.prepare("SELECT name, weight, picture FROM fruit ORDER BY rowid");
  REQUIRE(select->step().value());
  CHECK(select->text(0) == "apple");
  CHECK(select->integer(1) == 150);
  CHECK(select->text(2) == octets);
  REQUIRE(select->step().value());
  CHECK(select->is_null(1));
  CHECK_FALSE(select->is_null(2));
  CHECK(select->text(2).empty());
  CHECK_FALSE(select->step().value());
}

TEST_CASE("sqlite: a row of one database is bound as it is to a statement of another", "[sqlite]") {
  const TempDirectory directory;
  Database from = open_new(directory);
  REQUIRE(from.execute("INSERT INTO fruit VALUES ('fig', NULL, x'00ff'), ('plum', 7, x'')"));
  auto to = Database::open(directory.path("draft.db"), Access::draft);
  REQUIRE(to);
  REQUIRE(to->migrate(kSchema));
  auto select = from.prepare("SELECT * FROM fruit");
  auto insert = to->prepare("INSERT INTO fruit VALUES (?1, ?2, ?3)");
  REQUIRE((select && insert));
  while (select->step() == true) REQUIRE(insert->bind_row(*select).run());
  auto copied = to->prepare("SELECT name, weight, hex(picture), typeof(picture) FROM fruit");
  REQUIRE(copied);
  REQUIRE(copied->step() == true);
  CHECK(copied->text(0) == "fig");
  CHECK(copied->is_null(1));
  CHECK(copied->text(2) == "00FF");
  REQUIRE(copied->step() == true);
  CHECK(copied->integer(1) == 7);
  CHECK(copied->text(3) == "blob");
}

TEST_CASE("sqlite: a draft is one file, whatever is written to it", "[sqlite]") {
  const TempDirectory directory;
  auto draft = Database::open(directory.path("draft.db"), Access::draft);
  REQUIRE(draft);
  REQUIRE(draft->migrate(kSchema));
  auto transaction = Transaction::begin(*draft);
  REQUIRE(transaction);
  REQUIRE(draft->execute("INSERT INTO fruit VALUES ('fig', 1, zeroblob(5000000))"));
  const auto files = std::filesystem::directory_iterator(directory.path());
  CHECK(std::distance(begin(files), end(files)) == 1);
  REQUIRE(transaction->commit());
  CHECK(count(*draft) == 1);
}

TEST_CASE("sqlite: a broken constraint is invalid, and the statement can be used again",
          "[sqlite]") {
  const TempDirectory directory;
  Database database = open_new(directory);
  auto insert = database.prepare("INSERT INTO fruit (name) VALUES (?1)");
  REQUIRE(insert->bind(std::string_view("pear")).run());
  const auto again = insert->bind(std::string_view("pear")).run();
  REQUIRE_FALSE(again);
  CHECK(again.error().kind == ErrorKind::invalid);
  CHECK(again.error().text.find(directory.path("t.db")) == 0);
  CHECK(insert->bind(std::string_view("plum")).run());
}

TEST_CASE("sqlite: too many values are an error of the next step", "[sqlite]") {
  const TempDirectory directory;
  Database database = open_new(directory);
  auto insert = database.prepare("INSERT INTO fruit (name) VALUES (?1)");
  CHECK_FALSE(insert->bind(std::string_view("fig"), 1).run());
  CHECK(insert->bind(std::string_view("fig")).run());
}

TEST_CASE("sqlite: a transaction rolls back unless it was committed", "[sqlite]") {
  const TempDirectory directory;
  Database database = open_new(directory);
  {
    const auto transaction = Transaction::begin(database);
    REQUIRE(transaction);
    REQUIRE(database.execute("INSERT INTO fruit (name) VALUES ('fig')"));
  }
  CHECK(count(database) == 0);
  {
    auto transaction = Transaction::begin(database);
    REQUIRE(database.execute("INSERT INTO fruit (name) VALUES ('fig')"));
    REQUIRE(transaction->commit());
  }
  CHECK(count(database) == 1);
}

TEST_CASE("sqlite: a second writer is told that the file is locked: temporary", "[sqlite]") {
  const TempDirectory directory;
  Database first = open_new(directory);
  auto second = Database::open(directory.path("t.db"), Access::write, std::chrono::milliseconds(0));
  REQUIRE(second);
  const auto holding = Transaction::begin(first);
  const auto refused = Transaction::begin(*second);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::temporary);
}

TEST_CASE("sqlite: a reader reads while a transaction is open, and cannot write", "[sqlite]") {
  const TempDirectory directory;
  Database writer = open_new(directory);
  auto reader = Database::open(directory.path("t.db"), Access::read);
  REQUIRE(reader);
  const auto holding = Transaction::begin(writer);
  REQUIRE(writer.execute("INSERT INTO fruit (name) VALUES ('fig')"));
  CHECK(count(*reader) == 0);
  CHECK_FALSE(reader->execute("INSERT INTO fruit (name) VALUES ('nut')"));
}

TEST_CASE("sqlite: a missing file is temporary, a file of another kind is corrupt", "[sqlite]") {
  const TempDirectory directory;
  const auto missing = Database::open(directory.path("none.db"), Access::write);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == ErrorKind::temporary);

  std::ofstream(directory.path("text.db")) << std::string(4096, 'x');
  const auto text = Database::open(directory.path("text.db"), Access::write);
  REQUIRE_FALSE(text);
  CHECK(text.error().kind == ErrorKind::corrupt);
}

TEST_CASE("sqlite: migration applies what is missing, once, and refuses a newer file", "[sqlite]") {
  const TempDirectory directory;
  Database database = open_new(directory);
  constexpr std::array kNext{kSchema[0], "ALTER TABLE fruit ADD COLUMN colour TEXT"};
  constexpr std::array kBroken{kSchema[0], kNext[1],
                               "ALTER TABLE fruit ADD COLUMN a TEXT; nonsense"};
  REQUIRE(database.migrate(kNext));
  REQUIRE(database.migrate(kNext));
  CHECK(database.schema_version().value() == 2);
  CHECK_FALSE(database.migrate(kBroken));
  CHECK(database.schema_version().value() == 2);
  CHECK_FALSE(database.prepare("SELECT a FROM fruit"));

  const auto newer = database.migrate(kSchema);
  REQUIRE_FALSE(newer);
  CHECK(newer.error().kind == ErrorKind::invalid);
}

}  // namespace sqlite_sqlite_test
