// The model itself: what is synced stays, what is not may go, each fate does what its name says.
#include "tests/crash/image.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "common/base/fd.h"
#include "common/sqlite/sqlite.h"
#include "tests/crash/recorder.h"
#include "tests/unit/temp_directory.h"

using namespace postrider;
using namespace postrider::crash;
namespace fs = std::filesystem;

namespace {

// Records what `act` does below a directory, cuts the power at its end, and gives what is left:
// "name=content" of each file, sorted.
struct Machine {
  template <typename Act>
  std::set<std::string> after(Act act, const Draw& draw) {
    const test::TempDirectory before;
    Recorder::instance().begin(before.path());
    act(before.path());
    const History history = Recorder::instance().end();
    Image image(history.root);
    for (const Operation& operation : history.operations) image.apply(operation, draw);
    image.cut(draw);
    const test::TempDirectory after;
    image.write_to(after.path());
    std::set<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(after.path())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      files.insert(fmt::format("{}={}", fs::relative(entry.path(), after.path()).string(),
                               std::string(std::istreambuf_iterator<char>(file), {})));
    }
    return files;
  }
};

using Files = std::set<std::string>;

int make(const std::string& path, std::string_view content) {
  const int fd = ::open(path.c_str(), O_CREAT | O_RDWR | O_APPEND | O_EXCL, 0600);
  REQUIRE(::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
  return fd;
}

void sync_directory(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY));
  REQUIRE(::fsync(fd.get()) == 0);
}

}  // namespace

TEST_CASE("crash model: content needs a sync of the file, its name one of the directory",
          "[crash]") {
  struct Row {
    bool file, directory;
    Files left;
  };
  const auto row = GENERATE(values<Row>(
      {{true, true, {"a=text"}}, {true, false, {}}, {false, true, {"a="}}, {false, false, {}}}));
  const auto act = [&](const std::string& root) {
    const Fd file(make(root + "/a", "text"));
    if (row.file) REQUIRE(::fdatasync(file.get()) == 0);
    if (row.directory) sync_directory(root);
  };
  CHECK(Machine().after(act, {Fate::nothing}) == row.left);
  CHECK(Machine().after(act, {Fate::everything}) == Files{"a=text"});
}

TEST_CASE("crash model: a name in a directory whose own name was not synced is lost", "[crash]") {
  const auto act = [](const std::string& root) {
    REQUIRE(::mkdir((root + "/d").c_str(), 0700) == 0);
    const Fd file(make(root + "/d/a", "text"));
    REQUIRE(::fsync(file.get()) == 0);
    sync_directory(root + "/d");
  };
  CHECK(Machine().after(act, {Fate::nothing}).empty());
}

TEST_CASE("crash model: a sync of the file system keeps all before it and nothing after",
          "[crash]") {
  const auto act = [](const std::string& root) {
    const Fd first(make(root + "/a", "first"));
    const Fd at(::open(root.c_str(), O_RDONLY | O_DIRECTORY));
    REQUIRE(::rename((root + "/a").c_str(), (root + "/b").c_str()) == 0);
    REQUIRE(::syncfs(at.get()) == 0);
    REQUIRE(::unlink((root + "/b").c_str()) == 0);
    const Fd second(make(root + "/c", "second"));
  };
  CHECK(Machine().after(act, {Fate::nothing}) == Files{"b=first"});
  CHECK(Machine().after(act, {Fate::everything}) == Files{"c=second"});
}

TEST_CASE("crash model: what a sync lost that failed, no later one brings back", "[crash]") {
  const auto act = [](const std::string& root) {
    const Fd file(make(root + "/a", "lost"));
    sync_directory(root);
    Recorder::instance().set_fault({.call = 0, .error = EIO});
    REQUIRE(::fdatasync(file.get()) != 0);
    REQUIRE(::fdatasync(file.get()) == 0);
    REQUIRE(::write(file.get(), "kept", 4) == 4);
    REQUIRE(::fdatasync(file.get()) == 0);
  };
  CHECK(Machine().after(act, {Fate::nothing}) == Files{"a=" + std::string(4, '\0') + "kept"});
}

TEST_CASE("crash model: each fate leaves what it may, and over many draws all of it", "[crash]") {
  const auto act = [](const std::string& root) {
    const Fd a(make(root + "/a", "12"));
    const Fd b(make(root + "/b", "34"));
  };
  const Files beginnings{"", "a=", "a=1", "a=12"};
  const auto seen = [&](Fate fate) {
    std::set<Files> all;
    for (std::uint64_t seed = 0; seed < 300; ++seed) all.insert(Machine().after(act, {fate, seed}));
    return all;
  };
  const std::set<Files> in_order{
      {}, {"a="}, {"a=1"}, {"a=12"}, {"a=12", "b="}, {"a=12", "b=3"}, {"a=12", "b=34"}};
  CHECK(seen(Fate::in_order) == in_order);
  const auto any_order = seen(Fate::any_order);
  CHECK(any_order.contains({"b=34"}));
  CHECK(any_order.contains({"a=", "b=34"}));
  CHECK_FALSE(any_order.contains({"a=" + std::string(2, '\0')}));
  CHECK(seen(Fate::holes).contains({"a=" + std::string(2, '\0')}));
}

TEST_CASE("crash model: a short write and a write that fails leave half of it", "[crash]") {
  struct Row {
    int error;
    ssize_t told;
  };
  const auto row = GENERATE(values<Row>({{Fault::kShortWrite, 2}, {ENOSPC, -1}, {EIO, -1}}));
  const auto act = [&](const std::string& root) {
    const Fd file(make(root + "/a", ""));
    Recorder::instance().set_fault({.error = row.error, .lasting = true});
    CHECK(::write(file.get(), "1234", 4) == row.told);
    Recorder::instance().heal();
  };
  CHECK(Machine().after(act, {Fate::everything}) == Files{"a=12"});
}

TEST_CASE("crash model: SQLite is recorded, and its commit survives", "[crash]") {
  const test::TempDirectory before;
  Recorder::instance().begin(before.path());
  {
    auto database = sqlite::Database::open(before.path("q.db"), sqlite::Access::create);
    REQUIRE(database);
    REQUIRE(database->execute("CREATE TABLE t (x); INSERT INTO t VALUES (7)"));
  }
  const History history = Recorder::instance().end();
  Image image(history.root);
  for (const Operation& operation : history.operations) image.apply(operation, {});
  image.cut({Fate::nothing});
  const test::TempDirectory after;
  image.write_to(after.path());
  auto database = sqlite::Database::open(after.path("q.db"), sqlite::Access::write);
  REQUIRE(database);
  auto statement = database->prepare("SELECT x FROM t");
  REQUIRE(statement);
  REQUIRE(statement->step() == true);
  CHECK(statement->integer(0) == 7);
}
