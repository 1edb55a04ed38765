#include "common/maildir/inspection.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "common/maildir/deletion_journal.h"
#include "common/maildir/deletions.h"
#include "common/maildir/scan.h"
#include "tests/unit/maildir/mail_directory.h"

namespace maildir_inspection_test {

using namespace postrider;
using namespace postrider::maildir;
namespace fs = std::filesystem;

namespace {

using Names = std::vector<std::string>;

// Of batches: after any run of these tests, so that no file was changed since.
constexpr std::int64_t kLongAfter = 4'000'000'000;

struct Fixture {
  Fixture() : box(mail.create("t/ann")) {
    for (const char* folder : {".", "tmp", "new", "cur"})
      fs::permissions(box / folder, fs::perms::owner_all);
  }

  void put(const std::string& name, const std::string& content) const {
    std::ofstream(box / name) << content;
    fs::permissions(box / name, fs::perms::owner_read | fs::perms::owner_write);
  }
  Inspected run(Inspecting what) const {
    const auto held = hold_mailbox(mail.path(), "ann@t");
    REQUIRE(held.has_value());
    auto inspected = inspect(*held, what, WallTime(std::chrono::seconds(::time(nullptr))), "boot");
    REQUIRE(inspected.has_value());
    return std::move(*inspected);
  }
  // That a check finds this one fault, that a repair mends it, and that none is left then.
  void check_mended(const std::string& path, const std::string& what) const {
    const Inspected before = run(Inspecting::check);
    REQUIRE(before.told.size() == 1);
    CHECK(before.told[0].path == path);
    CHECK_THAT(before.told[0].what, Catch::Matchers::Contains(what));
    CHECK(before.mended == 0);
    CHECK(run(Inspecting::repair).mended == 1);
    CHECK(run(Inspecting::check).faults == 0);
  }
  // The same of one that no repair mends.
  void check_told(const std::string& path, const std::string& what) const {
    const Inspected after = run(Inspecting::repair);
    REQUIRE(after.told.size() == 1);
    CHECK(after.told[0].path == path);
    CHECK_THAT(after.told[0].what, Catch::Matchers::Contains(what));
    CHECK(after.mended == 0);
    CHECK(run(Inspecting::check).faults == 1);
  }

  MailDirectory mail;
  fs::path box;
};

}  // namespace

TEST_CASE("maildir inspection: in a whole mailbox nothing is found", "[maildir]") {
  const Fixture f;
  f.put("new/1.a.b,S=2,W=3", "x\n");
  f.put("cur/2.a.b,S=2,W=3,U=UID1-5:2,S", "x\n");
  f.put("tmp/3.a.b", "just being written");
  const Inspected inspected = f.run(Inspecting::check);
  CHECK(inspected.faults == 0);
  CHECK(inspected.messages == 2);
}

TEST_CASE("maildir inspection: a missing folder is made", "[maildir]") {
  const Fixture f;
  fs::remove(f.box / "tmp");
  f.check_mended("tmp", "is missing");
}

TEST_CASE("maildir inspection: rights are as the Maildir has them", "[maildir]") {
  const Fixture f;
  f.put("new/1.a.b,S=2,W=3", "x\n");
  SECTION("a file that its owner may not write") {
    fs::permissions(f.box / "new/1.a.b,S=2,W=3", fs::perms::owner_read);
    f.check_mended("new/1.a.b,S=2,W=3", "mode 0400");
  }
  SECTION("a file that all may write") {
    fs::permissions(f.box / "new/1.a.b,S=2,W=3", fs::perms::all);
    f.check_mended("new/1.a.b,S=2,W=3", "mode 0777");
  }
  SECTION("a folder") {
    fs::permissions(f.box / "cur", fs::perms::owner_read | fs::perms::owner_exec);
    f.check_mended("cur", "mode 0500");
  }
  SECTION("another's file") {
    if (::geteuid() != 0) return;
    REQUIRE(::chown((f.box / "new/1.a.b,S=2,W=3").c_str(), 12345, 12346) == 0);
    f.check_mended("new/1.a.b,S=2,W=3", "belongs to 12345:12346");
  }
}

TEST_CASE("maildir inspection: a torn file goes aside and is kept", "[maildir]") {
  const Fixture f;
  f.put("new/1.a.b,S=9,W=10", "x\n");
  f.check_mended("new/1.a.b,S=9,W=10", "it is torn");
  CHECK(content_of(f.box / "postrider.torn/1.a.b,S=9,W=10") == "x\n");
}

TEST_CASE("maildir inspection: why a repair fails is told", "[maildir]") {
  const Fixture f;
  f.put("new/1.a.b,S=9,W=10", "x\n");
  f.put("postrider.torn", "no folder");
  const Inspected inspected = f.run(Inspecting::repair);
  REQUIRE(inspected.told.size() == 1);
  CHECK(inspected.mended == 0);
  CHECK_THAT(inspected.told[0].mending,
             Catch::Matchers::Contains("postrider.torn: Not a directory"));
}

TEST_CASE("maildir inspection: sizes in names are made right, and ids stay", "[maildir]") {
  const Fixture f;
  SECTION("both missing") {
    f.put("cur/1.a.b:2,S", "x\ny\n");
    f.check_mended("cur/1.a.b:2,S", "does not say its sizes");
    CHECK(files_in(f.box / "cur") == Names{"1.a.b,S=4,W=6:2,S"});
  }
  SECTION("W= wrong") {
    f.put("new/1.a.b,S=4,W=5,U=UID1-5", "x\ny\n");
    f.check_mended("new/1.a.b,S=4,W=5,U=UID1-5", "says W=5 where it has 6");
    CHECK(files_in(f.box / "new") == Names{"1.a.b,S=4,U=UID1-5,W=6"});
  }
}

TEST_CASE("maildir inspection: a message that is there twice keeps the file in cur/", "[maildir]") {
  const Fixture f;
  f.put("new/1.a.b,S=2,W=3", "x\n");
  SECTION("octet by octet the same") {
    f.put("cur/1.a.b,S=2,W=3:2,S", "x\n");
    f.check_mended("new/1.a.b,S=2,W=3", "is the same message");
    CHECK(files_in(f.box / "cur").size() == 1);
  }
  SECTION("with other octets") {
    f.put("cur/1.a.b,S=2,W=3:2,S", "y\n");
    f.check_told("cur/1.a.b,S=2,W=3:2,S", "but differs");
    CHECK(files_in(f.box / "new").size() == 1);
  }
  SECTION("with another unique-id") {
    f.put("cur/1.a.b,S=2,W=3,U=x:2,S", "x\n");
    f.check_told("cur/1.a.b,S=2,W=3,U=x:2,S", "but differs");
  }
}

TEST_CASE("maildir inspection: what no repair may mend is told", "[maildir]") {
  const Fixture f;
  SECTION("one unique-id twice") {
    f.put("new/1.a.b,S=2,W=3,U=x", "x\n");
    f.put("new/2.a.b,S=2,W=3,U=x", "y\n");
    f.check_told("new/2.a.b,S=2,W=3,U=x", "has the unique-id of new/1.a.b,S=2,W=3,U=x");
  }
  SECTION("a folder among the messages") {
    fs::create_directory(f.box / "new/sub");
    f.check_told("new/sub", "is not a file");
  }
  SECTION("a hidden file") {
    f.put("cur/.1.a.b", "x\n");
    f.check_told("cur/.1.a.b", "begins with a dot");
  }
}

TEST_CASE("maildir inspection: an old leftover in tmp/ is removed", "[maildir]") {
  const Fixture f;
  f.put("tmp/1.a.b", "x");
  fs::last_write_time(f.box / "tmp/1.a.b", fs::file_time_type::clock::now() - 2 * kTmpLife);
  f.check_mended("tmp/1.a.b", "was left behind");
}

TEST_CASE("maildir inspection: deletions that a crash has interrupted are finished", "[maildir]") {
  const Fixture f;
  f.put("new/1.a.b,S=2,W=3", "x\n");
  f.put("new/2.a.b,S=2,W=3", "x\n");
  f.put("postrider.deleted", compose_batch(kLongAfter, 1, "1.a.b\n"));
  f.check_mended("new/1.a.b,S=2,W=3", "was deleted by its reader");
  CHECK(files_in(f.box / "new") == Names{"2.a.b,S=2,W=3"});
  CHECK(files_in(f.box / "postrider.trash").size() == 1);
}

TEST_CASE("maildir inspection: what was brought back after it was deleted stays", "[maildir]") {
  const Fixture f;
  f.put("new/1.a.b,S=2,W=3", "x\n");
  f.put("postrider.deleted", compose_batch(1, 1, "1.a.b\n"));
  for (const Inspecting what : {Inspecting::check, Inspecting::repair}) {
    const Inspected inspected = f.run(what);
    CHECK(inspected.faults == 0);
    CHECK(inspected.messages == 1);
  }
  CHECK(files_in(f.box / "new") == Names{"1.a.b,S=2,W=3"});
  CHECK_FALSE(fs::exists(f.box / "postrider.trash"));
}

TEST_CASE("maildir inspection: a journal that is damaged goes on with what is whole", "[maildir]") {
  const Fixture f;
  const std::string first = compose_batch(1, 1, "1.a.b\n"), last = compose_batch(3, 1, "3.a.b\n");
  f.put("postrider.deleted", first + "damaged\n" + last);
  f.check_mended("postrider.deleted", "of 8 octets it is not known");
  CHECK(content_of(f.box / "postrider.deleted.damaged") == first + "damaged\n" + last);
  CHECK(*was_deleted(f.mail.fd(), "t/ann/Maildir", "1.a.b"));
  CHECK(*was_deleted(f.mail.fd(), "t/ann/Maildir", "3.a.b"));
}

TEST_CASE("maildir inspection: what a damaged journal has promised is still done", "[maildir]") {
  const Fixture f;
  f.put("new/3.a.b,S=2,W=3", "x\n");
  f.put("postrider.deleted", "damaged\n" + compose_batch(kLongAfter, 1, "3.a.b\n"));
  CHECK(f.run(Inspecting::repair).mended == 2);
  CHECK(files_in(f.box / "new").empty());
  CHECK(files_in(f.box / "postrider.trash").size() == 1);
  CHECK(f.run(Inspecting::check).faults == 0);
}

TEST_CASE("maildir inspection: a journal that nobody can read is put aside", "[maildir]") {
  const Fixture f;
  fs::create_directory(f.box / "postrider.deleted");
  f.put("postrider.deleted.damaged", "an earlier one");
  f.put("new/1.a.b,S=2,W=3", "x\n");
  f.check_mended("postrider.deleted", "cannot be read");
  CHECK(fs::is_directory(f.box / "postrider.deleted.damaged.2"));
}

TEST_CASE(
    "maildir inspection: a check asks for no lock, and what a session is removing is no fault",
    "[maildir]") {
  const Fixture f;
  f.put("new/1.a.b,S=2,W=3", "x\n");
  const auto held = hold_mailbox(f.mail.path(), "ann@t");
  f.put("postrider.deleted", compose_batch(kLongAfter, 1, "1.a.b\n"));
  const auto looked = look_at_mailbox(f.mail.path(), "ann@t");
  REQUIRE(looked.has_value());
  const auto inspected = inspect(*looked, Inspecting::check, WallTime(), "boot");
  REQUIRE(inspected.has_value());
  CHECK(inspected->faults == 0);
}

}  // namespace maildir_inspection_test
