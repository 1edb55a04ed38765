#include "common/directory/watched_database.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "common/directory/editor.h"
#include "common/directory/recovery.h"
#include "tests/unit/monotonic_clock.h"
#include "tests/unit/temp_directory.h"

namespace directory_watched_database_test {

using namespace postrider;
using namespace postrider::directory;

namespace {

struct World {
  World() { make(path, "one.test"); }

  // A whole file, which nobody has open.
  static void make(const std::string& file, const char* domain) {
    auto editor = DirectoryEditor::open(file, sqlite::Access::create);
    REQUIRE(editor);
    REQUIRE(editor->add_domain(domain));
  }

  // The domain that the file has, or what is wrong with it.
  std::string ask() {
    const auto fresh = watched.refresh();
    if (!fresh) return fresh.error().text;
    sqlite::Statement& question = watched.question(0);
    const auto row = question.step();
    std::string answer(row ? question.text(0) : row.error().text);
    question.reset();
    return answer;
  }

  void wait() {
    test::pass_time(WatchedDatabase::kRecheck);
    loop.defer([this] { loop.stop(); });
    loop.run();
  }

  test::TempDirectory temporary;
  const std::string path = temporary.path("d.db");
  event::EventLoop loop;
  WatchedDatabase watched{loop, path, {"SELECT name FROM domains"}};
};

// The files of one who dies in the middle of a commit, as a power cut leaves them: a part of the
// change is in the file, and the journal is beside it.
void cut_off_a_change(const std::string& from, const std::string& to) {
  auto database = sqlite::Database::open(from, sqlite::Access::write,
                                         sqlite::Database::kBusyTimeout, sqlite::Journal::rollback);
  REQUIRE(database);
  REQUIRE(database->execute("PRAGMA cache_size=1; BEGIN"));
  REQUIRE(database->execute(
      "UPDATE domains SET name = 'half.test';"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
      "INSERT INTO domains (name) SELECT printf('domain-%d.test', i) FROM n"));
  std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
  std::filesystem::copy_file(from + "-journal", to + "-journal");
  REQUIRE(database->execute("ROLLBACK"));
}

}  // namespace

TEST_CASE(
    "watched database: a change that was cut off is told with its mend, and is as if never "
    "made once it is taken back",
    "[directory]") {
  World world;
  World::make(world.temporary.path("other.db"), "one.test");
  CHECK_FALSE(is_cut_off(world.path).value());
  CHECK_FALSE(recover(world.path).value());
  CHECK(world.ask() == "one.test");
  std::filesystem::remove(world.path);
  cut_off_a_change(world.temporary.path("other.db"), world.path);
  world.wait();
  const std::string told = "directory: " + world.path +
                           ": a change was cut off in its middle, and is to be taken back by "
                           "somebody who may write the file; `postrider directory recover`, as "
                           "root, takes it back";
  CHECK(world.ask() == told);
  world.wait();
  CHECK(world.ask() == told);
  CHECK(is_cut_off(world.path).value());
  CHECK(recover(world.path).value());
  CHECK_FALSE(is_cut_off(world.path).value());
  world.wait();
  CHECK(world.ask() == "one.test");
  CHECK_FALSE(recover(world.temporary.path("none.db")).value());
}

TEST_CASE("watched database: a file that is renamed onto it is read instead", "[directory]") {
  World world;
  CHECK(world.ask() == "one.test");
  World::make(world.temporary.path("new.db"), "two.test");
  std::filesystem::rename(world.temporary.path("new.db"), world.path);
  world.wait();
  CHECK(world.ask() == "two.test");
}

TEST_CASE("watched database: what is not changed is what it was", "[directory]") {
  World world;
  CHECK(world.watched.refresh().value());
  CHECK_FALSE(world.watched.refresh().value());
  world.wait();
  CHECK_FALSE(world.watched.refresh().value());
}

TEST_CASE("watched database: a file that is gone is told of, and read again when it is back",
          "[directory]") {
  World world;
  CHECK(world.ask() == "one.test");
  std::filesystem::rename(world.path, world.temporary.path("away.db"));
  world.wait();
  const std::string missing = "directory: " + world.path + ": unable to open database file";
  CHECK(world.ask() == missing);
  std::filesystem::rename(world.temporary.path("away.db"), world.path);
  CHECK(world.ask() == missing);  // it is looked for now and then
  world.wait();
  CHECK(world.ask() == "one.test");
}

TEST_CASE("watched database: a damaged file is closed, and read when a whole one is in its place",
          "[directory]") {
  World world;
  std::ostringstream whole;
  whole << std::ifstream(world.path, std::ios::binary).rdbuf();
  REQUIRE(world.watched.refresh());
  // All but the first page, in place.
  constexpr std::size_t kPage = 4096;
  REQUIRE(whole.str().size() > kPage);
  const auto write = [&](std::size_t offset, const std::string& octets) {
    std::fstream file(world.path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file << octets;
  };
  write(kPage, std::string(whole.str().size() - kPage, '\xff'));
  CHECK(world.ask() == world.path + ": database disk image is malformed");
  CHECK(world.ask() == "directory: " + world.path + ": is damaged, put a whole one in its place");
  write(0, whole.str());
  world.wait();
  CHECK(world.ask() == "one.test");
}

}  // namespace directory_watched_database_test
