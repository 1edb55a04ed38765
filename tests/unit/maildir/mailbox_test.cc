#include "common/maildir/mailbox.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/unit/maildir/mail_directory.h"

namespace maildir_mailbox_test {

using namespace postrider;
using namespace postrider::maildir;
namespace fs = std::filesystem;

namespace {

constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};

struct Fixture {
  Fixture() : box(mail.create("t/ann")) {}

  std::unique_ptr<Mailbox> open() {
    auto opened = Mailbox::open(mail.path(), "ann@t", kNow);
    REQUIRE(opened.has_value());
    return std::move(*opened);
  }
  void put(const std::string& name, const std::string& content) {
    std::ofstream(box / name) << content;
  }

  MailDirectory mail;
  fs::path box;
};

std::string read_all(Mailbox& mailbox, std::size_t i, std::optional<std::uint64_t> lines = {},
                     Form form = Form::original) {
  auto reader = mailbox.read(i, lines, form);
  REQUIRE(reader.has_value());
  std::string all;
  while (true) {
    const auto portion = reader->next();
    REQUIRE(portion.has_value());
    all += portion->wire;
    if (portion->last) return all;
  }
}

}  // namespace

TEST_CASE("maildir mailbox: without any delivery it is empty", "[maildir]") {
  Fixture f;
  const auto bob = Mailbox::open(f.mail.path(), "bob@t", kNow);
  REQUIRE(bob.has_value());
  CHECK((*bob)->listing().size() == 0);
  CHECK_FALSE(fs::exists(f.mail.path() / "t/bob"));
}

TEST_CASE("maildir mailbox: a name that leads elsewhere opens nothing", "[maildir]") {
  Fixture f;
  const auto opened = Mailbox::open(f.mail.path(), "../t/ann@t", kNow);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().kind == ErrorKind::invalid);
}

TEST_CASE("maildir mailbox: one holder at a time, the next when it is gone", "[maildir]") {
  Fixture f;
  auto first = f.open();
  REQUIRE(first);
  CHECK(f.open() == nullptr);
  first.reset();
  const auto second = f.open();
  REQUIRE(second != nullptr);
  second->release();
  CHECK(f.open() != nullptr);
}

TEST_CASE("maildir mailbox: new and cur are served, sizes taken from the names", "[maildir]") {
  Fixture f;
  f.put("new/2.b.h,S=4,W=99", "two\n");
  f.put("cur/1.a.h,S=4,W=5:2,S", "one\n");
  const auto mailbox = f.open();
  REQUIRE(mailbox->listing().size() == 2);
  CHECK(mailbox->listing().octets(0) == 5);
  CHECK(mailbox->listing().octets(1) == 99);
  CHECK(read_all(*mailbox, 0) == "one\r\n");
  CHECK(mailbox->skipped() == 0);
}

TEST_CASE("maildir mailbox: a file without sizes is measured once and renamed", "[maildir]") {
  Fixture f;
  f.put("cur/1.a.h:2,S", "a\nb\nno end");
  f.put("new/2.b.h,S=4", "one\n");
  const auto mailbox = f.open();
  REQUIRE(mailbox->listing().size() == 2);
  CHECK(mailbox->listing().octets(0) == 14);
  CHECK(mailbox->listing().unique_id(0) == "1.a.h");
  CHECK(read_all(*mailbox, 0) == "a\r\nb\r\nno end\r\n");
  CHECK(mailbox->listing().octets(1) == 5);
  CHECK(files_in(f.box / "cur") == std::vector<std::string>{"1.a.h,S=10,W=14:2,S"});
  CHECK(files_in(f.box / "new") == std::vector<std::string>{"2.b.h,S=4,W=5"});
}

TEST_CASE("maildir mailbox: what is not a whole message file is not served", "[maildir]") {
  Fixture f;
  f.put("new/1.torn.h,S=40,W=50", "");
  f.put("new/2.torn.h,S=40,W=50", "half");
  f.put("new/.hidden", "x\n");
  fs::create_directory(f.box / "cur/subdirectory");
  fs::create_symlink("/etc/passwd", f.box / "new/3.link.h,S=1,W=1");
  REQUIRE(::mkfifo((f.box / "new/4.pipe.h,S=0,W=0").c_str(), 0600) == 0);
  f.put("new/5.whole.h,S=2,W=3", "x\n");
  const auto mailbox = f.open();
  REQUIRE(mailbox->listing().size() == 1);
  CHECK(mailbox->listing().unique_id(0) == "5.whole.h");
  CHECK(mailbox->skipped() == 6);
  CHECK_FALSE(mailbox->skipped_example().empty());
}

TEST_CASE("maildir mailbox: a name without a time takes the time of the file", "[maildir]") {
  Fixture f;
  f.put("new/note", "x\n");
  f.put("new/1.old.h", "x\n");
  const auto mailbox = f.open();
  REQUIRE(mailbox->listing().size() == 2);
  CHECK(mailbox->listing().unique_id(0) == "1.old.h");
  CHECK(mailbox->listing().unique_id(1) == "note");
}

TEST_CASE("maildir mailbox: what arrives after it was opened does not show", "[maildir]") {
  Fixture f;
  const auto mailbox = f.open();
  f.put("new/1.a.h,S=2,W=3", "x\n");
  CHECK(mailbox->listing().size() == 0);
}

TEST_CASE("maildir mailbox: TOP reads no more than it gives", "[maildir]") {
  Fixture f;
  f.put("new/1.a.h", "A: 1\n\n.one\ntwo\n");
  const auto mailbox = f.open();
  CHECK(read_all(*mailbox, 0, 1) == "A: 1\r\n\r\n..one\r\n");
  CHECK(read_all(*mailbox, 0, 0) == "A: 1\r\n\r\n");
}

TEST_CASE("maildir mailbox: a message of any size is read in bounded portions", "[maildir]") {
  Fixture f;
  const std::size_t size = GENERATE(MessageReader::kPortion - 1, MessageReader::kPortion,
                                    MessageReader::kPortion + 1, 3 * MessageReader::kPortion);
  std::string content(size, '\n');
  f.put("new/1.a.h", content);
  const auto mailbox = f.open();
  auto reader = mailbox->read(0, {});
  std::string all;
  for (bool last = false; !last;) {
    const auto portion = reader->next();
    REQUIRE(portion.has_value());
    CHECK(portion->wire.size() <= 2 * MessageReader::kPortion);
    all += portion->wire;
    last = portion->last;
  }
  CHECK(all.size() == 2 * size);
  CHECK(mailbox->listing().octets(0) == 2 * size);
}

TEST_CASE("maildir mailbox: a message that was given flags meanwhile is found", "[maildir]") {
  Fixture f;
  f.put("new/1.a.h,S=2,W=3", "x\n");
  f.put("new/2.b.h,S=2,W=3", "y\n");
  const auto mailbox = f.open();
  fs::rename(f.box / "new/1.a.h,S=2,W=3", f.box / "cur/1.a.h,S=2,W=3:2,S");
  fs::rename(f.box / "new/2.b.h,S=2,W=3", f.box / "cur/2.b.h,S=2,W=3:2,RS");
  CHECK(read_all(*mailbox, 0) == "x\r\n");
  CHECK(mailbox->remove({0, 1}, kNow) == 0);
  CHECK(files_in(f.box / "cur").empty());
}

TEST_CASE("maildir mailbox: removing what is gone is no failure, what stays is counted",
          "[maildir]") {
  Fixture f;
  f.put("new/1.a.h,S=2,W=3", "x\n");
  f.put("new/2.b.h,S=2,W=3", "y\n");
  f.put("new/3.c.h,S=2,W=3", "z\n");
  const auto mailbox = f.open();
  fs::remove(f.box / "new/1.a.h,S=2,W=3");
  fs::remove(f.box / "new/2.b.h,S=2,W=3");
  fs::create_directory(f.box / "new/2.b.h,S=2,W=3");  // cannot be unlinked
  CHECK(mailbox->read(0, {}).error().kind == ErrorKind::not_found);
  CHECK(mailbox->remove({0, 1, 2}, kNow) == 1);
  CHECK(files_in(f.box / "new") == std::vector<std::string>{"2.b.h,S=2,W=3"});
}

TEST_CASE("maildir mailbox: what a crash left in tmp goes after 36 hours", "[maildir]") {
  Fixture f;
  f.put("tmp/old", "x");
  f.put("tmp/young", "x");
  const auto touch = [&](const char* name, std::chrono::hours age) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(kNow - age).time_since_epoch();
    const timespec time{.tv_sec = seconds.count(), .tv_nsec = 0};
    const timespec times[2] = {time, time};
    REQUIRE(::utimensat(AT_FDCWD, (f.box / "tmp" / name).c_str(), times, 0) == 0);
  };
  touch("old", std::chrono::hours(37));
  touch("young", std::chrono::hours(35));
  f.open();
  CHECK(files_in(f.box / "tmp") == std::vector<std::string>{"young"});
}

TEST_CASE("maildir mailbox: a file that is not as long as its name says is not served by RETR",
          "[maildir]") {
  Fixture f;
  f.put("new/1.a.h,S=2,W=3", "x\n");
  const auto mailbox = f.open();
  f.put("new/1.a.h,S=2,W=3", "torn now\n");
  CHECK(mailbox->read(0, {}).error().kind == ErrorKind::temporary);
  CHECK_FALSE(mailbox->read_cached(0, {}).has_value());
}

TEST_CASE("maildir mailbox: a lock file that was replaced while it was held excludes again",
          "[maildir]") {
  Fixture f;
  const auto first = f.open();
  fs::remove(f.box / "postrider.pop3.lock");
  const auto second = f.open();
  CHECK(second != nullptr);
  CHECK(f.open() == nullptr);
}

TEST_CASE("maildir mailbox: files that share a U= get ids that stay theirs", "[maildir]") {
  Fixture f;
  f.put("new/1.a.h,U=one,S=2,W=3", "x\n");
  f.put("new/2.b.h,U=one,S=2,W=3", "y\n");
  std::string second;
  {
    const auto mailbox = f.open();
    REQUIRE(mailbox->listing().size() == 2);
    CHECK(mailbox->listing().unique_id(0) == "one");
    second = mailbox->listing().unique_id(1);
    CHECK(second != "one");
    CHECK(read_all(*mailbox, 1) == "y\r\n");
    CHECK(mailbox->remove({0}, kNow) == 0);
  }
  const auto mailbox = f.open();
  REQUIRE(mailbox->listing().size() == 1);
  CHECK(mailbox->listing().unique_id(0) == second);
}

TEST_CASE("maildir mailbox: a copy that came later does not take the unique-id of another",
          "[maildir]") {
  Fixture f;
  const auto made = [&](const std::string& path) -> std::int64_t {
    struct statx status {};
    REQUIRE(::statx(AT_FDCWD, (f.box / path).c_str(), 0, STATX_BTIME, &status) == 0);
    if ((status.stx_mask & STATX_BTIME) == 0) return 0;
    return status.stx_btime.tv_sec * 1'000'000'000 + status.stx_btime.tv_nsec;
  };
  f.put("new/2.b.h,U=one,S=2,W=3", "y\n");
  const std::string copy = "new/1.a.h,U=one,S=2,W=3";
  f.put(copy, "x\n");
  if (made(copy) == 0) return;  // a file system that does not tell
  // The kernel's clock ticks some hundred times a second.
  for (int i = 0; i < 1'000'000 && made(copy) == made("new/2.b.h,U=one,S=2,W=3"); ++i) {
    std::filesystem::remove(f.box / copy);
    f.put(copy, "x\n");
  }
  const auto mailbox = f.open();
  REQUIRE(mailbox->listing().size() == 2);
  CHECK(mailbox->listing().unique_id(0) != "one");
  CHECK(mailbox->listing().unique_id(1) == "one");
}

TEST_CASE("maildir mailbox: a message that is there twice goes as a whole", "[maildir]") {
  Fixture f;
  f.put("new/1.a.h,S=2,W=3", "x\n");
  f.put("cur/1.a.h,U=other,S=2,W=3:2,S", "x\n");
  f.put("new/2.b.h,S=2,W=3", "y\n");
  const auto mailbox = f.open();
  REQUIRE(mailbox->listing().size() == 2);
  CHECK(mailbox->listing().unique_id(0) == "other");
  CHECK(mailbox->remove({0}, kNow) == 0);
  CHECK(files_in(f.box / "cur").empty());
  CHECK(files_in(f.box / "new") == std::vector<std::string>{"2.b.h,S=2,W=3"});
}

TEST_CASE("maildir mailbox: sizes are looked at once in a run of the kernel, and by RETR always",
          "[maildir]") {
  Fixture f;
  f.put("new/1.a.h,S=2,W=3", "x\n");
  const auto open_in = [&](const std::string& boot) {
    return std::move(*Mailbox::open(f.mail.path(), "ann@t", kNow, {.boot = boot}));
  };
  CHECK(open_in("first")->listing().size() == 1);
  f.put("new/2.torn.h,S=40,W=50", "half");
  {
    const auto mailbox = open_in("first");
    CHECK(mailbox->listing().size() == 2);
    CHECK(mailbox->read(1, {}).error().kind == ErrorKind::temporary);
  }
  CHECK(open_in("")->listing().size() == 1);
  {
    const auto mailbox = open_in("second");
    CHECK(mailbox->listing().size() == 1);
    CHECK(mailbox->skipped() == 1);
  }
  // It was found, so they are looked at again.
  CHECK(open_in("second")->listing().size() == 1);
}

TEST_CASE("maildir mailbox: a message beyond ASCII is there for readers of old, with its size",
          "[maildir]") {
  Fixture f;
  const std::string text = "Subject: Grüße\n\nü\n";
  f.put("new/1.a.h", text);
  f.put("new/2.b.h", "Subject: b\n\nü\n");
  const auto mailbox = f.open();
  CHECK(files_in(f.box / "new") ==
        std::vector<std::string>{"1.a.h,S=21,W=24,D=44", "2.b.h,S=15,W=18"});
  const Listing& listing = mailbox->listing();
  const std::string downgraded = "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\nü\r\n";
  CHECK(listing.octets(0) == 24);
  CHECK(listing.octets(0, Form::downgraded) == downgraded.size());
  CHECK(listing.octets(1, Form::downgraded) == 18);
  CHECK(read_all(*mailbox, 0, {}, Form::downgraded) == downgraded);
  CHECK(read_all(*mailbox, 0, {}, Form::original) == "Subject: Grüße\r\n\r\nü\r\n");
  CHECK(read_all(*mailbox, 0, 0, Form::downgraded) ==
        "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\n");
  CHECK(read_all(*mailbox, 1, {}, Form::downgraded) == "Subject: b\r\n\r\nü\r\n");
}

TEST_CASE("maildir mailbox: both files of a message go, though another program renames them",
          "[maildir]") {
  Fixture f;
  const bool read_before = GENERATE(true, false);  // so that it was looked for once
  for (const char* name : {"new/1.a.h,S=2,W=3", "cur/1.a.h,S=2,W=3:2,S", "new/2.b.h,S=2,W=3"})
    f.put(name, "x\n");
  const auto mailbox = f.open();
  REQUIRE(mailbox->listing().size() == 2);
  fs::rename(f.box / "new/2.b.h,S=2,W=3", f.box / "cur/2.b.h,S=2,W=3:2,S");
  if (read_before) CHECK(read_all(*mailbox, 1) == "x\r\n");
  fs::rename(f.box / "new/1.a.h,S=2,W=3", f.box / "cur/1.a.h,S=2,W=3:2,");
  SECTION("the twin") {}
  SECTION("both") { fs::rename(f.box / "cur/1.a.h,S=2,W=3:2,S", f.box / "cur/1.a.h,S=2,W=3:2,RS"); }
  CHECK(mailbox->remove({0}, kNow) == 0);
  CHECK(files_in(f.box / "cur") == std::vector<std::string>{"2.b.h,S=2,W=3:2,S"});
  CHECK(files_in(f.box / "new").empty());
}

TEST_CASE("maildir mailbox: why a message that was renamed cannot be looked for is told",
          "[maildir]") {
  Fixture f;
  f.put("cur/1.a.h,S=2,W=3:2,S", "x\n");
  const auto mailbox = f.open();
  fs::remove(f.box / "cur/1.a.h,S=2,W=3:2,S");
  fs::remove(f.box / "new");
  f.put("new", "no folder");
  CHECK(mailbox->remove({0}, kNow) == 1);
  CHECK_THAT(mailbox->removal_fault(), Catch::Contains("Not a directory"));
}

TEST_CASE("maildir mailbox: a file from before 1970 has the first time there is", "[maildir]") {
  Fixture f;
  f.put("new/note", "x\n");
  const timespec times[2] = {{.tv_sec = -1000}, {.tv_sec = -1000}};
  REQUIRE(::utimensat(AT_FDCWD, (f.box / "new/note").c_str(), times, 0) == 0);
  CHECK(f.open()->listing().seconds(0) == 0);
}

}  // namespace maildir_mailbox_test
