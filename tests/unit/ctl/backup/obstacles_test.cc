#include "ctl/backup/obstacles.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "common/spool/disk.h"
#include "common/spool/paths.h"
#include "tests/unit/temp_directory.h"

namespace ctl_backup_obstacles_test {

using namespace postrider;
using namespace postrider::ctl::backup;
using postrider::test::TempDirectory;

namespace {

struct Fixture {
  Fixture() {
    settings.paths = {.spool = directory.path("spool"),
                      .mail = directory.path("mail"),
                      .data = directory.path("data"),
                      .run = directory.path("run")};
  }

  void make(const std::string& name) {
    const std::filesystem::path path = directory.path(name);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << "x";
  }

  std::string complaint() {
    const auto room = require_room(backup, settings, survey, Places(settings, configuration));
    return room ? std::string() : room.error().text;
  }

  TempDirectory directory;
  config::Settings settings;
  std::string configuration = "/none/p.toml";
  Backup backup{.directory = directory.path("backup")};
  Survey survey;
};

}  // namespace

TEST_CASE("backup obstacles: a file anywhere in a folder that is to be filled is in the way",
          "[backup]") {
  for (const char* name : {"spool/queue.db", "spool/deferred/ab/x", "spool/incoming/large/x",
                           "data/directory.db-journal", "data/pop3d/logins.db",
                           "mail/example.org/anna/Maildir/postrider.deleted"}) {
    Fixture f;
    CHECK(f.complaint().empty());
    f.make(name);
    const std::string root =
        f.directory.path(std::string(name).substr(0, std::string(name).find('/')));
    CHECK(f.complaint().find(f.directory.path(name) + ": is in the way") == 0);
    CHECK(f.complaint().find("mv " + root + " " + root + ".before") != std::string::npos);
  }
}

TEST_CASE("backup obstacles: empty folders, locks, trace and configuration are in nobody's way",
          "[backup]") {
  Fixture f;
  std::filesystem::create_directories(f.directory.path("spool/incoming/large"));
  std::filesystem::create_directories(f.directory.path("mail/example.org/anna/Maildir/new"));
  for (const char* name : {"spool/queued.lock", "data/trace/x", "data/trace.db",
                           "data/trace.db-wal", "run/postrider.pid"})
    f.make(name);
  CHECK(f.complaint().empty());
  f.make("data/p.toml");
  CHECK_FALSE(f.complaint().empty());
  f.configuration = f.directory.path("data/p.toml");
  CHECK(f.complaint().empty());
}

TEST_CASE("backup obstacles: what makes the link to the trace anew is told where it goes as well",
          "[backup]") {
  Fixture f;
  f.make("data/directory.db");
  CHECK(f.complaint().find("systemd-tmpfiles") == std::string::npos);
  std::filesystem::create_symlink("trace-index/trace.db", f.directory.path("data/trace.db"));
  CHECK(f.complaint().find(".before, and before the start: systemd-tmpfiles --create") !=
        std::string::npos);
}

TEST_CASE("backup obstacles: a link of a named file that leads nowhere is in the way", "[backup]") {
  Fixture f;
  f.settings.tls.key = f.directory.path("key.pem");
  f.survey.named.push_back({.path = "named/tls.key"});
  CHECK(f.complaint().empty());
  std::filesystem::create_symlink("/nonexistent/key.pem", f.settings.tls.key);
  CHECK(f.complaint().starts_with(f.settings.tls.key + ": is in the way"));
}

TEST_CASE("backup obstacles: mailboxes stay where the backup has none", "[backup]") {
  Fixture f;
  f.make("mail/example.org/anna/Maildir/new/1.a.b");
  CHECK_FALSE(f.complaint().empty());
  f.backup.manifest.mailboxes = false;
  CHECK(f.complaint().empty());
}

TEST_CASE("backup obstacles: a queued that has the spool is told", "[backup]") {
  Fixture f;
  f.make("spool/queued.lock");
  CHECK(require_at_rest(f.settings));
  spool::Disk& disk = spool::system_disk();
  const auto lock = disk.open(f.directory.path("spool/queued.lock"), spool::Disk::Mode::read);
  REQUIRE(lock);
  REQUIRE(disk.lock(lock->get()).value());
  const auto rest = require_at_rest(f.settings);
  REQUIRE_FALSE(rest);
  CHECK(rest.error().text.find("by queued") != std::string::npos);
}

TEST_CASE("backup obstacles: a FIFO in the place of a lock is told, and waited for by nobody",
          "[backup]") {
  Fixture f;
  std::filesystem::create_directories(f.directory.path("spool"));
  REQUIRE(::mkfifo(f.directory.path("spool/queued.lock").c_str(), 0600) == 0);
  const auto rest = require_at_rest(f.settings);
  REQUIRE_FALSE(rest);
  CHECK(rest.error().text.find("queued.lock: is no regular file") != std::string::npos);
}

TEST_CASE("backup obstacles: users that this host lacks are named, for who gives files away",
          "[backup]") {
  Survey survey;
  survey.owners = {"root", "4711"};
  survey.groups = {"root"};
  CHECK(require_owners(survey));
  survey.owners.insert("nobody-of-this-host");
  survey.groups.insert("no-group-of-this-host");
  const auto owners = require_owners(survey);
  if (::geteuid() != 0) {
    CHECK(owners);
    return;
  }
  REQUIRE_FALSE(owners);
  CHECK(owners.error().text.find("user nobody-of-this-host, group no-group-of-this-host") !=
        std::string::npos);
}

}  // namespace ctl_backup_obstacles_test
