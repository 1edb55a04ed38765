#include "common/maildir/sweep.h"

#include <sys/stat.h>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "common/maildir/mailbox_lock.h"
#include "common/maildir/mailboxes.h"
#include "common/maildir/trash.h"
#include "tests/unit/maildir/mail_directory.h"

namespace maildir_sweep_test {

using namespace postrider;
using namespace postrider::maildir;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kNowSeconds = 1'800'000'000;
constexpr WallTime kNow{std::chrono::seconds(kNowSeconds)};
constexpr std::int64_t kDay = 86400;
constexpr SweepRules kTenDays{.retention = 240h};

struct Fixture {
  Fixture() : box(mail.create("t/ann")), maildir(*open_maildir(mail.path(), "ann@t")) {}

  // A message that came so many days ago; its path below the Maildir.
  std::string put(int days, const std::string& unique, const std::string& folder = "new") const {
    std::string path = fmt::format("{}/{}.{}.h,S=4,W=5{}", folder, kNowSeconds - days * kDay,
                                   unique, folder == "cur" ? ":2,S" : "");
    std::ofstream(box / path) << "one\n";
    return path;
  }
  void set_time(const std::string& path, std::int64_t seconds) const {
    const timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    REQUIRE(::utimensat(AT_FDCWD, (box / path).c_str(), times, 0) == 0);
  }
  bool has(const std::string& path) const { return fs::exists(box / path); }
  Swept swept(const SweepRules& rules = kTenDays) const {
    const auto swept = sweep(maildir, rules, kNow, {.boot = "boot"});
    REQUIRE(swept);
    return *swept;
  }

  MailDirectory mail;
  fs::path box;
  Fd maildir;
};

}  // namespace

TEST_CASE("maildir sweep: messages above their retention go, and no others", "[maildir]") {
  const Fixture f;
  const auto old = f.put(11, "a"), older = f.put(400, "b", "cur");
  const auto young = f.put(9, "c"), just = f.put(10, "d");
  const Swept swept = f.swept();
  CHECK(swept.removed == 2);
  CHECK(swept.octets == 10);
  CHECK_FALSE(f.has(old));
  CHECK_FALSE(f.has(older));
  CHECK(f.has(young));
  CHECK(f.has(just));
  CHECK(f.swept().removed == 0);
}

TEST_CASE("maildir sweep: without a retention everything stays", "[maildir]") {
  const Fixture f;
  const auto old = f.put(4000, "a");
  CHECK(f.swept({}).removed == 0);
  CHECK(f.has(old));
  CHECK_FALSE(f.has(kLockName));  // nor was it opened
}

TEST_CASE("maildir sweep: a name without a time takes the time of the file", "[maildir]") {
  const Fixture f;
  for (const char* name : {"cur/note", "cur/letter"}) std::ofstream(f.box / name) << "x\n";
  f.set_time("cur/note", kNowSeconds - 11 * kDay);
  f.set_time("cur/letter", kNowSeconds - 9 * kDay);
  CHECK(f.swept().removed == 1);
  CHECK(files_in(f.box / "cur") == std::vector<std::string>{"letter,S=2,W=3"});
}

TEST_CASE("maildir sweep: what goes is in the journal, so that no delivery brings it back",
          "[maildir]") {
  const Fixture f;
  const std::string base =
      fmt::format("{}.0123456789abcdefghij0123456789abcdef.mx", kNowSeconds - 11 * kDay);
  std::ofstream(f.box / "new" / (base + ",S=4,W=5")) << "one\n";
  CHECK(f.swept().removed == 1);
  CHECK(*was_deleted(f.mail.fd(), "t/ann/Maildir", base));
}

TEST_CASE("maildir sweep: a mailbox in use is left alone", "[maildir]") {
  const Fixture f;
  const auto old = f.put(11, "a");
  const auto reader = Mailbox::open(f.mail.path(), "ann@t", kNow);
  REQUIRE(*reader);
  const Swept swept = f.swept();
  CHECK(swept.in_use);
  CHECK(swept.removed == 0);
  CHECK(f.has(old));
}

TEST_CASE("maildir sweep: it does not look like a login", "[maildir]") {
  const Fixture f;
  f.put(11, "a");
  f.swept();
  struct stat lock {};
  REQUIRE(::stat((f.box / kLockName).c_str(), &lock) == 0);
  CHECK(lock.st_mtim.tv_sec == 0);
  f.set_time(kLockName, 1000);  // a login
  f.put(11, "b");
  f.swept();
  REQUIRE(::stat((f.box / kLockName).c_str(), &lock) == 0);
  CHECK(lock.st_mtim.tv_sec == 1000);
}

TEST_CASE("maildir sweep: what a crash has left in tmp goes once it is old", "[maildir]") {
  const Fixture f;
  for (const char* name : {"tmp/old", "tmp/young"}) std::ofstream(f.box / name) << "x";
  f.set_time("tmp/old", kNowSeconds - 37 * 3600);
  f.set_time("tmp/young", kNowSeconds - 35 * 3600);
  CHECK(f.swept({}).leftovers == 1);
  CHECK(files_in(f.box / "tmp") == std::vector<std::string>{"young"});
}

TEST_CASE("maildir sweep: a folder that is a link is an error, and is not followed", "[maildir]") {
  const Fixture f;
  const Fixture other;
  const auto old = other.put(11, "a", "cur");
  fs::remove(f.box / "cur");
  fs::create_symlink(other.box / "cur", f.box / "cur");
  CHECK_FALSE(sweep(f.maildir, kTenDays, kNow, {}));
  CHECK_FALSE(would_sweep(f.maildir, kTenDays, kNow));
  CHECK(other.has(old));
}

TEST_CASE("maildir sweep: files that are no messages stay", "[maildir]") {
  const Fixture f;
  fs::create_symlink("/etc/passwd", f.box / "new/1.link.h,S=1,W=1");
  fs::create_directory(f.box / "new/1.dir.h");
  std::ofstream(f.box / "new/1.torn.h,S=40,W=50") << "half";
  std::ofstream(f.box / "new/.1.hidden") << "x";
  CHECK(would_sweep(f.maildir, kTenDays, kNow)->removed == 0);
  CHECK(f.swept().removed == 0);
  CHECK(files_in(f.box / "new").size() == 4);
  CHECK_FALSE(f.has(kLockName));  // nor was it opened
}

TEST_CASE("maildir sweep: one visit removes so many, and says that there is more",
          "[maildir][slow]") {
  const Fixture f;
  for (std::size_t i = 0; i < Swept::kAtOnce + 1; ++i)
    std::ofstream(f.box / fmt::format("new/{}.{}.h,S=0,W=0", i, i));
  Swept swept = f.swept();
  CHECK(swept.removed == Swept::kAtOnce);
  CHECK(swept.more);
  CHECK(f.has(fmt::format("new/{0}.{0}.h,S=0,W=0", Swept::kAtOnce)));  // the youngest
  swept = f.swept();
  CHECK(swept.removed == 1);
  CHECK_FALSE(swept.more);
}

TEST_CASE("maildir sweep: what would go is told, and stays", "[maildir]") {
  const Fixture f;
  const auto old = f.put(11, "a"), young = f.put(9, "b");
  const auto told = would_sweep(f.maildir, kTenDays, kNow);
  REQUIRE(told);
  CHECK(told->removed == 1);
  CHECK(told->octets == 4);
  CHECK(f.has(old));
  CHECK(f.has(young));
  CHECK_FALSE(f.has(kLockName));
  CHECK(would_sweep(f.maildir, {}, kNow)->removed == 0);
}

TEST_CASE("maildir sweep: what retention removes goes into the trash, and later from it",
          "[maildir]") {
  const Fixture f;
  const auto old = f.put(11, "a");
  const SweepRules rules{.retention = 240h, .trash = 48h};
  Swept swept = f.swept(rules);
  CHECK(swept.removed == 1);
  CHECK(swept.emptied == 0);
  CHECK_FALSE(f.has(old));
  CHECK(files_in(f.box / kTrashFolder).size() == 1);
  const auto at = [&](WallTime now) { return sweep(f.maildir, rules, now, {.boot = "boot"}); };
  CHECK(at(kNow + 48h)->emptied == 0);
  CHECK(would_sweep(f.maildir, rules, kNow + 49h)->emptied == 1);
  CHECK(at(kNow + 49h)->emptied == 1);
  CHECK(files_in(f.box / kTrashFolder).empty());
}

TEST_CASE("maildir sweep: where there is no trash any more, what is in it goes", "[maildir]") {
  const Fixture f;
  f.put(11, "a");
  f.swept({.retention = 240h, .trash = 48h});
  CHECK(f.swept({}).emptied == 1);
  CHECK(files_in(f.box / kTrashFolder).empty());
}

TEST_CASE("maildir sweep: the trash of a mailbox in use waits", "[maildir]") {
  const Fixture f;
  f.put(11, "a");
  f.swept({.retention = 240h, .trash = 48h});
  const auto reader = Mailbox::open(f.mail.path(), "ann@t", kNow);
  const Swept swept = f.swept({});
  CHECK(swept.in_use);
  CHECK(files_in(f.box / kTrashFolder).size() == 1);
}

TEST_CASE("maildir sweep: to empty the trash does not look like a login", "[maildir]") {
  const Fixture f;
  fs::create_directory(f.box / kTrashFolder);
  std::ofstream(f.box / kTrashFolder / "T5,1.a.h") << "one\n";
  CHECK(f.swept({}).emptied == 1);
  struct stat lock {};
  REQUIRE(::stat((f.box / kLockName).c_str(), &lock) == 0);
  CHECK(lock.st_mtim.tv_sec == 0);
}

TEST_CASE("maildir sweep: what a session before has deleted and cannot be removed is told",
          "[maildir]") {
  const Fixture f;
  // Later than any file of this test was changed.
  constexpr WallTime kLater{std::chrono::seconds(4'000'000'000)};
  f.put(11, "old");
  const auto gone = f.put(9, "gone");
  fs::create_directory(f.box / "new/9.kept.h");  // cannot be unlinked
  const std::string base = gone.substr(4, gone.find(',') - 4);
  REQUIRE(DeletionJournal::open(f.maildir.get(), "boot")->append(kLater, {base, "9.kept.h"}));
  const Swept swept = f.swept();
  CHECK(swept.removed == 1);
  CHECK(swept.finished == 1);
  CHECK(swept.not_removed == 1);
  CHECK_THAT(swept.fault, Catch::Contains("new/9.kept.h"));
  CHECK_FALSE(f.has(gone));
}

TEST_CASE("maildir sweep: of several visits, what each finds again is counted once", "[maildir]") {
  Swept all;
  all.add({.removed = 3, .octets = 30, .not_removed = 1, .fault = "one", .restored = 2});
  all.add({.removed = 2, .octets = 20, .not_removed = 4, .fault = "other", .finished = 5});
  all.add({.not_removed = 1, .emptied = 7, .finished = 1});
  CHECK(all.removed == 5);
  CHECK(all.octets == 50);
  CHECK(all.emptied == 7);
  CHECK(all.finished == 6);
  CHECK(all.not_removed == 4);
  CHECK(all.restored == 2);
  CHECK(all.fault == "one");
}

TEST_CASE("maildir sweep: the room of what sessions before have promised is room", "[maildir]") {
  CHECK(Swept{.removed = 1}.made_room());
  CHECK(Swept{.finished = 1}.made_room());
  CHECK_FALSE(Swept{.not_removed = 1, .emptied = 1, .restored = 1}.made_room());
}

}  // namespace maildir_sweep_test
