#include "common/sqlite/snapshot.h"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/unit/temp_directory.h"

namespace sqlite_snapshot_test {

using namespace postrider;
using namespace postrider::sqlite;
using postrider::test::TempDirectory;

namespace {

void add(Database& database, int count) {
  for (int i = 0; i < count; ++i)
    REQUIRE(database.execute("INSERT INTO fruit VALUES (randomblob(1000))"));
}

std::int64_t count(const std::string& path) {
  auto database = Database::open(path, Access::write);
  REQUIRE(database);
  auto statement = database->prepare("SELECT count(*) FROM fruit");
  REQUIRE(statement);
  REQUIRE(statement->step().value());
  return statement->integer(0);
}

}  // namespace

TEST_CASE("sqlite snapshot: what is written after its moment is not in the copy", "[sqlite]") {
  const Journal journal = GENERATE(Journal::wal, Journal::rollback);
  const TempDirectory directory;
  auto database =
      Database::open(directory.path("t.db"), Access::create, std::chrono::milliseconds(1), journal);
  REQUIRE(database);
  REQUIRE(database->execute("CREATE TABLE fruit (name BLOB) STRICT"));
  add(*database, 10);
  auto snapshot = Snapshot::take(directory.path("t.db"), Access::read);
  REQUIRE(snapshot);
  if (journal == Journal::wal) {
    add(*database, 5);
  } else {
    // Its writers wait.
    CHECK(database->execute("INSERT INTO fruit VALUES (x'00')").error().kind ==
          ErrorKind::temporary);
  }
  REQUIRE(snapshot->copy_to(directory.path("copy.db")));
  CHECK(count(directory.path("copy.db")) == 10);
  CHECK_FALSE(std::filesystem::exists(directory.path("copy.db-wal")));
}

TEST_CASE("sqlite snapshot: a file that is no database, or none, is told", "[sqlite]") {
  const TempDirectory directory;
  CHECK_FALSE(Snapshot::take(directory.path("none.db"), Access::read));
  std::ofstream(directory.path("t.db")) << std::string(5000, 'x');
  const auto taken = Snapshot::take(directory.path("t.db"), Access::read_still);
  REQUIRE_FALSE(taken);
  CHECK(taken.error().kind == ErrorKind::corrupt);
}

TEST_CASE("sqlite snapshot: a copy that cannot be written is told, with both names", "[sqlite]") {
  const TempDirectory directory;
  auto database = Database::open(directory.path("t.db"), Access::create);
  REQUIRE(database);
  REQUIRE(database->execute("CREATE TABLE fruit (name BLOB) STRICT"));
  auto snapshot = Snapshot::take(directory.path("t.db"), Access::read);
  REQUIRE(snapshot);
  const std::string to = directory.path("no/copy.db");
  const auto copied = snapshot->copy_to(to);
  REQUIRE_FALSE(copied);
  CHECK(copied.error().text.find(to) != std::string::npos);
  CHECK(copied.error().text.find("t.db:") != std::string::npos);
}

TEST_CASE("sqlite snapshot: of one moment, whatever is written between its portions",
          "[sqlite][slow]") {
  const TempDirectory directory;
  auto database = Database::open(directory.path("t.db"), Access::create);
  REQUIRE(database);
  REQUIRE(database->execute("CREATE TABLE fruit (name BLOB) STRICT"));
  REQUIRE(database->execute("INSERT INTO fruit VALUES (zeroblob(20000000))"));
  add(*database, 10);
  auto snapshot = Snapshot::take(directory.path("t.db"), Access::read);
  REQUIRE(snapshot);
  int portions = 0;
  REQUIRE(snapshot->copy_to(directory.path("copy.db"), [&] {
    ++portions;
    add(*database, 1);
    return Result<void>();
  }));
  CHECK(portions > 1);
  CHECK(count(directory.path("copy.db")) == 11);
}

TEST_CASE("sqlite snapshot: a copy ends where it may not go on", "[sqlite][slow]") {
  const TempDirectory directory;
  auto database = Database::open(directory.path("t.db"), Access::create);
  REQUIRE(database);
  REQUIRE(database->execute("CREATE TABLE fruit (name BLOB) STRICT"));
  REQUIRE(database->execute("INSERT INTO fruit VALUES (zeroblob(20000000))"));
  auto snapshot = Snapshot::take(directory.path("t.db"), Access::read);
  REQUIRE(snapshot);
  const auto copied = snapshot->copy_to(directory.path("copy.db"), []() -> Result<void> {
    return fail(ErrorKind::temporary, "ended");
  });
  REQUIRE_FALSE(copied);
  CHECK(copied.error().text == "ended");
}

}  // namespace sqlite_snapshot_test
