#include "common/maildir/import.h"

#include <fcntl.h>

#include <catch2/catch.hpp>

#include "common/maildir/deletions.h"
#include "tests/unit/maildir/mail_directory.h"

namespace maildir_import_test {

using namespace postrider;
using namespace postrider::maildir;
namespace fs = std::filesystem;

namespace {

using Names = std::vector<std::string>;

struct Fixture {
  Fixture() : source(mail.create("other/bob")), box(mail.path() / "t/ann/Maildir") {}

  void put(const fs::path& path, const std::string& content) const {
    std::ofstream(path) << content;
  }
  ImportReport run(const ForeignList* list, const fs::path& from) const {
    const auto held = make_and_hold_mailbox(mail.path(), "ann@t");
    REQUIRE(held.has_value());
    auto import = Import::begin(*held);
    REQUIRE(import.has_value());
    const Fd directory(::open(from.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    REQUIRE(import->take_maildir(directory.get(), list).has_value());
    auto report = import->finish();
    REQUIRE(report.has_value());
    return std::move(*report);
  }
  ImportReport run(const ForeignList* list = nullptr) const { return run(list, source); }

  MailDirectory mail;
  fs::path source;
  fs::path box;
};

}  // namespace

TEST_CASE("maildir import: files keep base, flags and folder, and get sizes and ids", "[maildir]") {
  const Fixture f;
  f.put(f.source / "new/1.a.b", "x\n");
  f.put(f.source / "cur/2.a.b,S=4,W=6:2,FS", "y\nz\n");
  f.put(f.source / "cur/3.a.b:2,", "no end");
  const ForeignList list{{{"1.a.b", "UID1-5"}, {"2.a.b", "a:b"}}};
  const ImportReport report = f.run(&list);
  CHECK(report.imported == 3);
  CHECK(report.with_id == 2);
  CHECK(report.unlisted == 1);
  CHECK(report.problems == 0);
  CHECK(files_in(f.box / "new") == Names{"1.a.b,S=2,W=3,U=UID1-5"});
  CHECK(files_in(f.box / "cur") == Names{"2.a.b,S=4,W=6,U=a%3Ab:2,FS", "3.a.b,S=6,W=8:2,"});
  CHECK(content_of(f.box / "cur/3.a.b,S=6,W=8:2,") == "no end");
  CHECK(files_in(f.box / "tmp").empty());
  CHECK(files_in(f.source / "cur") == Names{"2.a.b,S=4,W=6:2,FS", "3.a.b:2,"});
}

TEST_CASE("maildir import: repeated it brings nothing twice, whatever flags are by now",
          "[maildir]") {
  const Fixture f;
  f.put(f.source / "new/1.a.b", "x\n");
  f.put(f.source / "new/2.a.b", "y\n");
  CHECK(f.run().imported == 2);
  fs::rename(f.box / "new/1.a.b,S=2,W=3", f.box / "cur/1.a.b,S=2,W=3:2,S");
  const ImportReport report = f.run();
  CHECK(report.imported == 0);
  CHECK(report.already == 2);
}

TEST_CASE("maildir import: messages that are there are given their ids", "[maildir]") {
  const Fixture f;
  f.put(f.source / "new/1.a.b", "x\n");
  f.run();
  const ForeignList list{{{"1.a.b", "UID1-5"}}};
  CHECK(f.run(&list, f.box).renamed == 1);
  CHECK(files_in(f.box / "new") == Names{"1.a.b,S=2,W=3,U=UID1-5"});
  CHECK(f.run(&list, f.box).already == 1);
  CHECK(f.run(&list).already == 1);
}

TEST_CASE("maildir import: a torn file here is replaced", "[maildir]") {
  const Fixture f;
  f.put(f.source / "new/1.a.b", "whole\n");
  f.run();
  f.put(f.box / "new/1.a.b,S=6,W=7", "wh");
  CHECK(f.run().imported == 1);
  CHECK(content_of(f.box / "new/1.a.b,S=6,W=7") == "whole\n");
}

TEST_CASE("maildir import: what a reader has deleted here stays deleted", "[maildir]") {
  const Fixture f;
  f.put(f.source / "new/1.a.b", "x\n");
  f.run();
  fs::remove(f.box / "new/1.a.b,S=2,W=3");
  std::ofstream(f.box / "postrider.deleted") << compose_batch(1, 1, "1.a.b\n");
  const ImportReport report = f.run();
  CHECK(report.imported == 0);
  CHECK(report.deleted == 1);
  CHECK(files_in(f.box / "new").empty());
}

TEST_CASE("maildir import: torn and odd files of the source are told and left out", "[maildir]") {
  const Fixture f;
  f.put(f.source / "new/1.a.b,S=9", "x\n");
  fs::create_directory(f.source / "cur/2.a.b");
  fs::create_symlink("/etc/passwd", f.source / "cur/3.a.b");
  f.put(f.source / "cur/.hidden", "x\n");
  const ImportReport report = f.run();
  CHECK(report.imported == 0);
  CHECK(report.problems == 3);
  CHECK(report.told.size() == 3);
}

TEST_CASE("maildir import: an id that POP3 does not allow, or of another message, is told",
          "[maildir]") {
  const Fixture f;
  for (const char* name : {"1.a.b", "2.a.b", "3.a.b"}) f.put(f.source / "new" / name, "x\n");
  const ForeignList list{{{"1.a.b", "same"}, {"2.a.b", "same"}, {"3.a.b", std::string(71, 'a')}}};
  const ImportReport report = f.run(&list);
  CHECK(report.imported == 3);
  CHECK(report.with_id == 1);
  CHECK(report.problems == 2);
  CHECK(files_in(f.box / "new") == Names{"1.a.b,S=2,W=3,U=same", "2.a.b,S=2,W=3", "3.a.b,S=2,W=3"});
}

TEST_CASE("maildir import: a mailbox that is held is in use", "[maildir]") {
  const Fixture f;
  const auto held = make_and_hold_mailbox(f.mail.path(), "ann@t");
  REQUIRE(held.has_value());
  const auto again = hold_mailbox(f.mail.path(), "ann@t");
  REQUIRE(!again.has_value());
  CHECK(again.error().kind == ErrorKind::temporary);
  CHECK(hold_mailbox(f.mail.path(), "bob@t").error().kind == ErrorKind::not_found);
}

}  // namespace maildir_import_test
