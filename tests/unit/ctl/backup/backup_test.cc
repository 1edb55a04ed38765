#include "ctl/backup/backup.h"

#include <csignal>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "ctl/backup/copy.h"
#include "ctl/backup/file_list.h"
#include "ctl/backup/interruption.h"
#include "tests/unit/temp_directory.h"

namespace ctl_backup_backup_test {

using namespace postrider;
using namespace postrider::ctl::backup;

namespace {

// A backup of two files, the second of which is damaged.
struct TwoFiles {
  TwoFiles() {
    auto list = FileListWriter::create(backup.at(kListName));
    REQUIRE(list);
    for (const char* name : {"whole", "damaged"}) {
      std::ofstream(backup.at(name)) << name;
      const auto octets = sum_octets(backup.at(name));
      REQUIRE(octets);
      REQUIRE(list->add({.path = name,
                         .size = octets->size,
                         .mode = 0600,
                         .owner = "root",
                         .group = "root",
                         .checksum = octets->checksum}));
    }
    REQUIRE(list->finish());
    std::ofstream(backup.at("damaged")) << "DAMAGED";
  }

  test::TempDirectory directory;
  Backup backup{.directory = directory.path()};
  Progress progress{false};
};

}  // namespace

TEST_CASE("backup: files that are not what the list says are damage", "[backup]") {
  TwoFiles f;
  const auto damage = damage_of(f.backup, f.progress);
  REQUIRE(damage);
  REQUIRE(damage->count() == 1);
  CHECK(damage->told().front().find("damaged: does not match its checksum") != std::string::npos);
}

TEST_CASE("backup: a signal while it is checked is no damage", "[backup]") {
  TwoFiles f;
  const Interruption interruption;
  std::raise(SIGINT);
  const auto damage = damage_of(f.backup, f.progress);
  REQUIRE_FALSE(damage);
  CHECK(damage.error().kind == ErrorKind::temporary);
  CHECK(damage.error().text == "ended by signal 2");
}

}  // namespace ctl_backup_backup_test
