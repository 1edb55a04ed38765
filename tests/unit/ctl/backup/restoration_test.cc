#include "ctl/backup/restoration.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "ctl/backup/copy.h"
#include "ctl/backup/file_list.h"
#include "tests/unit/temp_directory.h"

namespace ctl_backup_restoration_test {

using namespace postrider;
using namespace postrider::ctl::backup;
using postrider::test::TempDirectory;
namespace fs = std::filesystem;

namespace {

// A backup of one message in a mailbox and one row's content, to be put below `directory`.
struct Fixture {
  Fixture() {
    settings.paths = {.spool = directory.path("spool"),
                      .mail = directory.path("mail"),
                      .data = directory.path("data"),
                      .run = directory.path("run")};
    Owners owners;
    auto list = FileListWriter::create(path_in_backup(kListName));
    REQUIRE(list);
    for (const char* name : {"mail/a.test/anna/1", "spool/deferred/ab/2", "spool/queue.db"}) {
      const fs::path file = path_in_backup(name);
      fs::create_directories(file.parent_path());
      std::ofstream(file) << name;
      const auto octets = sum_octets(file.string());
      REQUIRE(octets);
      REQUIRE(list->add({.kind = EntryKind::file,
                         .path = name,
                         .size = octets->size,
                         .mode = 0600,
                         .owner = owners.user(::geteuid()),
                         .group = owners.group(::getegid()),
                         .checksum = octets->checksum}));
    }
    REQUIRE(list->finish());
  }

  std::string path_in_backup(const std::string& name) {
    fs::create_directories(directory.path("backup"));
    return directory.path("backup/" + name);
  }

  Result<void> restore() {
    const Places places(settings, directory.path("p.toml"));
    Restoration restoration(backup, places, progress);
    auto placed = restoration.place();
    if (placed) restoration.finish();
    return placed;
  }

  TempDirectory directory;
  config::Settings settings;
  Backup backup{.directory = directory.path("backup")};
  Progress progress{false};
};

}  // namespace

TEST_CASE("backup restoration: files get into folders that are made or were there", "[backup]") {
  Fixture f;
  fs::create_directories(f.directory.path("mail/a.test"));
  REQUIRE(f.restore());
  CHECK(fs::exists(f.directory.path("mail/a.test/anna/1")));
  CHECK(fs::exists(f.directory.path("spool/deferred/ab/2")));
}

TEST_CASE("backup restoration: a link below a folder of the instance is never followed",
          "[backup]") {
  for (const char* link : {"mail/a.test", "mail/a.test/anna"}) {
    Fixture f;
    fs::create_directories(f.directory.path("elsewhere"));
    fs::create_directories(fs::path(f.directory.path(link)).parent_path());
    fs::create_directory_symlink(f.directory.path("elsewhere"), f.directory.path(link));
    const auto restored = f.restore();
    REQUIRE_FALSE(restored);
    CHECK(restored.error().text.find("is in the way") != std::string::npos);
    CHECK(fs::is_empty(f.directory.path("elsewhere")));
    CHECK_FALSE(fs::exists(f.directory.path("spool")));
  }
}

TEST_CASE("backup restoration: the folder of an instance itself may be a link", "[backup]") {
  Fixture f;
  fs::create_directories(f.directory.path("volume"));
  fs::create_directory_symlink(f.directory.path("volume"), f.directory.path("mail"));
  REQUIRE(f.restore());
  CHECK(fs::exists(f.directory.path("volume/a.test/anna/1")));
}

TEST_CASE("backup restoration: a configuration in a folder of the instance is put there once",
          "[backup]") {
  Fixture f;
  const Places places(f.settings, f.directory.path("mail/a.test/anna/1"));
  Restoration restoration(f.backup, places, f.progress);
  REQUIRE(restoration.place());
  CHECK_FALSE(fs::exists(f.directory.path("mail/a.test/anna/1")));
  CHECK(restoration.files() == 2);
}

TEST_CASE("backup restoration: what it made goes when it fails", "[backup]") {
  Fixture f;
  fs::create_directories(f.directory.path("mail/a.test/anna"));
  std::ofstream(f.path_in_backup("spool/queue.db")) << "damaged";
  REQUIRE_FALSE(f.restore());
  CHECK(fs::is_empty(f.directory.path("mail/a.test/anna")));
  CHECK_FALSE(fs::exists(f.directory.path("spool")));
}

}  // namespace ctl_backup_restoration_test
