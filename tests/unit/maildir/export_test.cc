#include "common/maildir/export.h"

#include <fcntl.h>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "common/maildir/import.h"
#include "common/maildir/look.h"
#include "common/maildir/mailbox.h"
#include "tests/unit/maildir/mail_directory.h"

namespace maildir_export_test {

using namespace postrider;
using namespace postrider::maildir;
namespace fs = std::filesystem;

namespace {

using Names = std::vector<std::string>;

struct Fixture {
  Fixture() : box(mail.create("t/ann")) {}

  void put(const std::string& path, const std::string& text) const {
    std::ofstream(box / path) << text;
  }
  HeldMailbox hold(const std::string& mailbox = "ann@t") const {
    auto held = make_and_hold_mailbox(mail.path(), mailbox);
    REQUIRE(held.has_value());
    return std::move(*held);
  }
  static Look look_at(const HeldMailbox& held) {
    auto looked = look(held.directory.get(), "boot");
    REQUIRE(looked.has_value());
    return std::move(*looked);
  }
  // The mailbox as an mbox.
  std::string mbox(const std::string& mailbox = "ann@t") const {
    const auto held = hold(mailbox);
    const std::string path = out.path() + "/mbox";
    {
      const Fd to(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600));
      REQUIRE(export_mbox(held, look_at(held).listing, to.get()).has_value());
    }
    return content_of(path);
  }
  ImportReport import_mbox(const std::string& mailbox, const std::string& text) const {
    const std::string path = out.path() + "/in";
    std::ofstream(path) << text;
    const auto held = hold(mailbox);
    const Fd from(::open(path.c_str(), O_RDONLY));
    auto import = Import::begin(held);
    REQUIRE(import.has_value());
    const auto taken = import->take_mbox(from.get());
    auto report = import->finish();
    REQUIRE(report.has_value());
    if (!taken) report->told.push_back(taken.error().text);
    return std::move(*report);
  }

  MailDirectory mail;
  test::TempDirectory out;
  fs::path box;
};

const std::string kMbox =
    "From a@b Fri Jan 15 08:00:00 2027\nSubject: 1\n\none\n\n"
    "From a@b Fri Jan 15 08:00:00 2027\nSubject: 1\n\none\n\n"
    "From a@b\nSubject: 2\n\n>From here\n\n";

}  // namespace

TEST_CASE("maildir export: an mbox that is imported and exported again is the same", "[maildir]") {
  const Fixture f;
  f.put("new/1700000002.b.h", "Subject: 2\n\nFrom here\n>From there\n\n");
  f.put("cur/1700000001.a.h:2,S", "Subject: 1\n\none\n");
  f.put("new/.hidden", "x");
  const std::string mbox = f.mbox();
  CHECK_THAT(mbox, Catch::StartsWith("From MAILER-DAEMON Tue Nov 14 22:13:21 2023\nSubject: 1\n"));
  CHECK(f.import_mbox("bob@t", mbox).imported == 2);
  CHECK(f.mbox("bob@t") == mbox);
}

TEST_CASE("maildir export: a Maildir has the names of the mailbox, and is not copied twice",
          "[maildir]") {
  const Fixture f;
  f.put("new/1.a.h,S=4,W=5", "one\n");
  f.put("cur/2.b.h,U=UID7:2,FS", "two\n");
  const auto held = f.hold();
  const fs::path to = f.out.path() + "/Maildir";
  fs::create_directory(to);
  const Fd fd(::open(to.c_str(), O_RDONLY | O_DIRECTORY));
  auto report = export_maildir(held, Fixture::look_at(held).listing, fd.get());
  REQUIRE(report.has_value());
  CHECK(report->exported == 2);
  CHECK(report->octets == 8);
  CHECK(files_in(to / "new") == Names{"1.a.h,S=4,W=5"});
  CHECK(content_of(to / "cur/2.b.h,U=UID7:2,FS") == "two\n");
  CHECK(files_in(to / "tmp").empty());
  report = export_maildir(held, Fixture::look_at(held).listing, fd.get());
  CHECK(report->exported == 0);
  CHECK(report->already == 2);
}

TEST_CASE("maildir import: an mbox that is imported again brings nothing twice", "[maildir]") {
  const Fixture f;
  CHECK(f.import_mbox("bob@t", kMbox).imported == 3);
  const Names names = files_in(f.mail.path() / "t/bob/Maildir/new");
  REQUIRE(names.size() == 3);
  CHECK_THAT(names[0], Catch::StartsWith("1800000000.") && Catch::Contains(".1.mbox,S=16,W=19"));
  CHECK_THAT(names[1], Catch::StartsWith("1800000000.") && Catch::Contains(".2.mbox,S=16,W=19"));
  CHECK_THAT(names[2], Catch::StartsWith("mbox."));
  CHECK(content_of(f.mail.path() / "t/bob/Maildir/new" / names[2]) == "Subject: 2\n\nFrom here\n");
  const auto again = f.import_mbox("bob@t", kMbox);
  CHECK(again.imported == 0);
  CHECK(again.already == 3);
  CHECK(files_in(f.mail.path() / "t/bob/Maildir/new") == names);
  CHECK(files_in(f.mail.path() / "t/bob/Maildir/tmp").empty());
}

TEST_CASE("maildir import: of an mbox that is damaged what is before is imported", "[maildir]") {
  const Fixture f;
  const auto report = f.import_mbox("bob@t", kMbox + "From cut");
  CHECK(report.imported == 3);
  REQUIRE(report.told.size() == 1);
  CHECK(report.told[0] == "message 3: ends within a line \"From \"");
  const auto none = f.import_mbox("carl@t", "no mbox\n");
  CHECK(none.imported == 0);
  CHECK(files_in(f.mail.path() / "t/carl/Maildir/tmp").empty());
}

TEST_CASE("maildir import: names say the size for readers that know no UTF-8", "[maildir]") {
  const Fixture f;
  f.import_mbox("bob@t",
                "From a@b\nSubject: gr\xc3\xbc\xc3\x9f"
                "e\n\nx\n");
  CHECK_THAT(files_in(f.mail.path() / "t/bob/Maildir/new")[0], Catch::Contains(",D="));
}

TEST_CASE("maildir look: a mailbox is as pop3d would list it, and nothing changes", "[maildir]") {
  const Fixture f;
  f.put("new/1.a.h", "one\n");
  f.put("cur/2.b.h,S=4,W=5:2,S", "two\n");
  f.put("new/3.torn.h,S=9,W=10", "x\n");
  f.put("new/.hidden", "x");
  const auto before = files_in(f.box / "new");
  const auto held = f.hold();
  const Look looked = Fixture::look_at(held);
  REQUIRE(looked.listing.size() == 2);
  CHECK(looked.listing.unique_id(0) == "1.a.h");
  CHECK(looked.disk_octets == 8);
  CHECK(looked.not_served == 2);
  CHECK(files_in(f.box / "new") == before);
}

TEST_CASE("maildir look: messages that share a unique-id are all listed, as a session gives ids",
          "[maildir]") {
  const Fixture f;
  for (const char* name : {"new/1.a.h,U=one,S=2,W=3", "new/2.b.h,U=one,S=2,W=3", "new/3.c.h"})
    f.put(name, "x\n");
  std::vector<std::string> ids;
  {
    const auto held = f.hold();
    const Look looked = Fixture::look_at(held);
    REQUIRE(looked.listing.size() == 3);
    CHECK(looked.not_served == 0);
    CHECK(looked.listing.file_name(1) == "2.b.h,U=one,S=2,W=3");
    for (std::size_t i = 0; i < 3; ++i) ids.push_back(looked.listing.unique_id(i));
    CHECK(ids[0] != ids[1]);
  }
  const std::string mbox = f.mbox();
  CHECK(f.import_mbox("bob@t", mbox).imported == 3);
  const auto mailbox = Mailbox::open(f.mail.path(), "ann@t", WallTime());
  REQUIRE((*mailbox)->listing().size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK((*mailbox)->listing().unique_id(i) == ids[i]);
}

TEST_CASE("maildir look: what a session cannot give an id of its own is here, and not served",
          "[maildir]") {
  const Fixture f;
  const std::string longest = "2." + std::string(246, 'b') + ",U=one";
  f.put("new/1.a.h,U=one", "x\n");
  f.put("new/" + longest, "y\n");
  {
    const auto held = f.hold();
    const Look looked = Fixture::look_at(held);
    CHECK(looked.listing.size() == 2);
    CHECK(looked.nameless == 1);
    CHECK(looked.not_served == 0);
    CHECK_THAT(looked.example, Catch::Contains("cannot be renamed"));
  }
  const auto mailbox = Mailbox::open(f.mail.path(), "ann@t", WallTime());
  CHECK((*mailbox)->listing().size() == 1);
  CHECK((*mailbox)->skipped() == 1);
}

}  // namespace maildir_export_test
