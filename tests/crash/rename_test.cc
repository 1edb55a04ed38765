// rename_test.cc - a file gets another name where the file system takes no RENAME_NOREPLACE, and
// the call that ends it fails.
#include <fcntl.h>

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "common/base/fd.h"
#include "common/maildir/deletion_journal.h"
#include "common/maildir/rename_new.h"
#include "tests/crash/recorder.h"
#include "tests/unit/temp_directory.h"

using namespace postrider;
using namespace postrider::crash;

namespace {

struct Fixture {
  Fixture() : fd(::open(root.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    for (const char* folder : {"new", "trash"})
      std::filesystem::create_directory(root.path() + '/' + folder);
    std::ofstream(root.path() + "/new/a") << "text";
    Recorder::instance().begin(root.path());
    Recorder::instance().take_no_replace(false);
  }
  ~Fixture() {
    if (Recorder::instance().active()) end();
  }

  int rename(std::optional<Fault> fault = {}) const {
    if (fault) Recorder::instance().set_fault(*fault);
    return maildir::rename_new(fd.get(), "new/a", fd.get(), "trash/b");
  }
  static std::vector<Operation> end() {
    Recorder::instance().take_no_replace(true);
    return Recorder::instance().end().operations;
  }
  bool has(const char* path) const { return std::filesystem::exists(root.path() + '/' + path); }

  const test::TempDirectory root;
  const Fd fd;
};

}  // namespace

TEST_CASE("rename: without RENAME_NOREPLACE the new name is durable before the old goes",
          "[crash]") {
  const Fixture f;
  CHECK(f.rename() == 0);
  const auto operations = Fixture::end();
  REQUIRE(operations.size() == 3);
  CHECK(operations[0].kind == Operation::Kind::make_file);
  CHECK(operations[1].kind == Operation::Kind::sync);
  CHECK(operations[1].node == operations[0].directory);
  CHECK(operations[2].kind == Operation::Kind::remove_name);
  CHECK_FALSE(f.has("new/a"));
  CHECK(f.has("trash/b"));
}

TEST_CASE("rename: where the old name cannot go the new is taken back", "[crash]") {
  const Fixture f;
  SECTION("as it is refused") { CHECK(f.rename(Fault{.error = EACCES}) == EACCES); }
  SECTION("as another program has renamed the file") {
    CHECK(f.rename(Fault{.error = ENOENT}) == ENOENT);
  }
  Fixture::end();
  CHECK(f.has("new/a"));
  CHECK_FALSE(f.has("trash/b"));
}

TEST_CASE("rename: an old name that is gone leaves the new where it is the last", "[crash]") {
  const Fixture f;
  CHECK(f.rename(Fault{.error = ENOENT, .done = true}) == 0);
  Fixture::end();
  CHECK_FALSE(f.has("new/a"));
  CHECK(f.has("trash/b"));
}

TEST_CASE("rename: a directory in the place of a journal goes aside all the same", "[crash]") {
  const Fixture f;
  for (const char* name : {"postrider.deleted", "postrider.deleted.damaged"})
    std::filesystem::create_directory(f.root.path() + '/' + name);
  CHECK(maildir::DeletionJournal::put_aside(f.fd.get()));
  Fixture::end();
  CHECK_FALSE(f.has("postrider.deleted"));
  CHECK(f.has("postrider.deleted.damaged"));
  CHECK(f.has("postrider.deleted.damaged.2"));
}
