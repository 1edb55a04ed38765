#include "common/maildir/trash.h"

#include <climits>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "common/maildir/mailbox.h"
#include "common/maildir/mailboxes.h"
#include "tests/unit/maildir/mail_directory.h"

namespace maildir_trash_test {

using namespace postrider;
using namespace postrider::maildir;
namespace fs = std::filesystem;

namespace {

using Names = std::vector<std::string>;

constexpr std::int64_t kNowSeconds = 1'800'000'000;
constexpr WallTime kNow{std::chrono::seconds(kNowSeconds)};

struct Fixture {
  Fixture() : box(mail.create("t/ann")) {}

  void put(const std::string& path) const { std::ofstream(box / path) << "one\n"; }
  std::unique_ptr<Mailbox> open(WallTime now = kNow, bool trash = true) const {
    auto opened = Mailbox::open(mail.path(), "ann@t", now, {.boot = "boot", .trash = trash});
    REQUIRE(opened);
    REQUIRE(*opened);
    return std::move(*opened);
  }
  // Deletes all that is served.
  void remove_all(WallTime now = kNow) const {
    const auto mailbox = open(now);
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < mailbox->listing().size(); ++i) all.push_back(i);
    REQUIRE(mailbox->remove(all, now) == 0);
  }
  Names trash() const { return files_in(box / kTrashFolder); }
  Mailbox::Undeleted undelete(const Names& names) const {
    const auto undeleted = open()->undelete(names);
    REQUIRE(undeleted);
    return *undeleted;
  }
  Fd maildir() const { return std::move(*open_maildir(mail.path(), "ann@t")); }

  MailDirectory mail;
  fs::path box;
};

}  // namespace

TEST_CASE("maildir trash: what is deleted goes there with its name and the time", "[maildir]") {
  const Fixture f;
  f.put("new/1.a.h,S=4,W=5");
  f.put("cur/2.b.h,S=4,W=5:2,S");
  f.remove_all();
  CHECK(f.trash() == Names{"T1800000000,1.a.h,S=4,W=5", "T1800000000,2.b.h,S=4,W=5:2,S"});
  CHECK(files_in(f.box / "new").empty());
  CHECK(files_in(f.box / "cur").empty());
  CHECK(f.open()->listing().size() == 0);
}

TEST_CASE("maildir trash: without one, what is deleted is gone", "[maildir]") {
  const Fixture f;
  f.put("new/1.a.h,S=4,W=5");
  CHECK(f.open(kNow, false)->remove({0}, kNow) == 0);
  CHECK(files_in(f.box / "new").empty());
  CHECK_FALSE(fs::exists(f.box / kTrashFolder));
}

TEST_CASE("maildir trash: a message comes back where it was, with its unique-id", "[maildir]") {
  const Fixture f;
  f.put("new/1.a.h,S=4,W=5");
  f.put("cur/2.b.h,S=4,W=5,U=UID7:2,S");
  f.remove_all();
  const auto undeleted = f.undelete(f.trash());
  CHECK(undeleted.names.size() == 2);
  CHECK(undeleted.already.empty());
  CHECK(undeleted.faults.empty());
  CHECK(f.trash().empty());
  const auto mailbox = f.open();
  REQUIRE(mailbox->listing().size() == 2);
  CHECK(mailbox->listing().unique_id(0) == "1.a.h");
  CHECK(mailbox->listing().unique_id(1) == "UID7");
  CHECK(files_in(f.box / "cur") == Names{"2.b.h,S=4,W=5,U=UID7:2,S"});
}

TEST_CASE("maildir trash: what came back is not deleted again after a power cut", "[maildir]") {
  const Fixture f;
  f.put("new/1.a.h,S=4,W=5");
  f.put("new/2.b.h,S=4,W=5");
  f.remove_all();
  f.undelete({f.trash()[0]});
  const auto later = Mailbox::open(f.mail.path(), "ann@t", kNow, {.boot = "next", .trash = true});
  REQUIRE(later);
  REQUIRE((*later)->listing().size() == 1);
  CHECK((*later)->listing().unique_id(0) == "1.a.h");
}

TEST_CASE("maildir trash: a delivery is remembered as deleted until it comes back", "[maildir]") {
  const Fixture f;
  const std::string base = "1800000000.0123456789abcdefghij0123456789abcdef.mx";
  f.put("new/" + base + ",S=4,W=5");
  f.remove_all();
  CHECK(*was_deleted(f.mail.fd(), "t/ann/Maildir", base));
  f.undelete(f.trash());
  CHECK_FALSE(*was_deleted(f.mail.fd(), "t/ann/Maildir", base));
}

TEST_CASE("maildir trash: what the mailbox has is not brought back twice", "[maildir]") {
  const Fixture f;
  f.put("new/1.a.h,S=4,W=5");
  f.put("new/2.b.h,S=4,W=5,U=UID7");
  f.remove_all();
  f.put("cur/1.a.h,S=4,W=5:2,S");         // the same message
  f.put("cur/3.c.h,S=4,W=5,U=UID7:2,S");  // another, with the other's unique-id
  const Names names = f.trash();
  const auto undeleted = f.undelete(names);
  CHECK(undeleted.names.empty());
  CHECK(undeleted.already == names);
  CHECK(f.trash() == names);
  CHECK(f.open()->listing().size() == 2);
}

TEST_CASE("maildir trash: of a message that is there twice, one comes back", "[maildir]") {
  const Fixture f;
  for (int i = 0; i < 3; ++i) {
    f.put("new/1.a.h,S=4,W=5");
    f.remove_all();
  }
  CHECK(f.trash() == Names{"T1800000000,1.a.h,S=4,W=5", "T1800000001,1.a.h,S=4,W=5",
                           "T1800000002,1.a.h,S=4,W=5"});
  const auto undeleted = f.undelete(f.trash());
  CHECK(undeleted.names.size() == 1);
  CHECK(undeleted.already.size() == 2);
}

TEST_CASE("maildir trash: the files of a message that is there twice all go", "[maildir]") {
  const Fixture f;
  f.put("new/1.a.h,S=4,W=5");
  f.put("cur/1.a.h,S=4,W=5:2,S");
  f.remove_all();
  CHECK(f.trash().size() == 2);
  CHECK(f.open()->listing().size() == 0);
}

TEST_CASE("maildir trash: what is not in it, or no message's, is told", "[maildir]") {
  const Fixture f;
  f.put("new/1.a.h,S=4,W=5");
  f.remove_all();
  const auto undeleted = f.undelete({"T5,9.gone.h", "other", "T5,../../x"});
  CHECK(undeleted.names.empty());
  CHECK(undeleted.faults.size() == 3);
}

TEST_CASE("maildir trash: a name that would be too long keeps the unique-id", "[maildir]") {
  for (const std::size_t length : {255U, 244U, 243U}) {
    const std::string params = ",U=UID1-5,S=4,W=5:2,S";
    const std::string name = "17." + std::string(length - 3 - params.size(), 'x') + params;
    REQUIRE(name.size() == length);
    const std::string in_trash = trash_name(kNowSeconds, name);
    CHECK(in_trash.size() <= NAME_MAX);
    const auto parsed = TrashName::parse(in_trash);
    REQUIRE(parsed);
    CHECK(unique_id(FileName::parse(parsed->file_name)) == "UID1-5");
    CHECK(FileName::parse(parsed->file_name).seconds == 17);
    CHECK((parsed->file_name == name) == (length + 12 <= NAME_MAX));
  }
  const std::string longest(NAME_MAX, 'y');
  const std::string in_trash = trash_name(1, longest);
  const std::string_view parsed = TrashName::parse(in_trash).value().file_name;
  CHECK(unique_id(FileName::parse(parsed)) == unique_id(FileName::parse(longest)));
}

TEST_CASE("maildir trash: names that are not ours are passed over", "[maildir]") {
  for (const char* name : {"", "T", "T,", "T5", "T5,", "Tx,a", "T-5,a", "5,a", "T5x,a", "T5,.a",
                           "T99999999999999999999,a", "T253402300800,a", "T 5,a", "t5,a"})
    CHECK_FALSE(TrashName::parse(name));
  CHECK(TrashName::parse("T253402300799,a").has_value());
  CHECK(TrashName::parse("T5,a,S=1:2,")->file_name == "a,S=1:2,");
}

TEST_CASE("maildir trash: what is in it is told, the oldest deletion first", "[maildir]") {
  const Fixture f;
  CHECK(trashed(f.maildir().get())->empty());
  f.put("new/9.a.h,S=4,W=5");
  f.remove_all();
  f.put("new/1.b.h,S=4,W=5,U=UID7");
  f.remove_all(kNow + std::chrono::seconds(9));
  std::ofstream(f.box / kTrashFolder / "README") << "not ours";
  const auto all = trashed(f.maildir().get());
  REQUIRE(all);
  REQUIRE(all->size() == 2);
  CHECK((*all)[0].unique_id == "9.a.h");
  CHECK((*all)[0].octets == 5);
  CHECK((*all)[1].unique_id == "UID7");
  CHECK((*all)[1].seconds == kNowSeconds + 9);
}

TEST_CASE("maildir trash: what is out of date goes, so many at once", "[maildir]") {
  const Fixture f;
  for (const char* name : {"new/1.a.h", "new/2.b.h", "new/3.c.h"}) f.put(name);
  f.remove_all();
  f.put("new/4.d.h");
  f.remove_all(kNow + std::chrono::seconds(1));
  const Fd maildir = f.maildir();
  CHECK(find_out_of_date(maildir.get(), kNowSeconds + 1)->messages == 3);
  const auto first = remove_out_of_date(maildir.get(), kNowSeconds + 1, 2);
  CHECK(first->messages == 2);
  CHECK(first->more);
  const auto rest = remove_out_of_date(maildir.get(), kNowSeconds + 1, 2);
  CHECK(rest->messages == 1);
  CHECK_FALSE(rest->more);
  CHECK(f.trash().size() == 1);
}

TEST_CASE("maildir trash: a folder that is a link is not followed, and nothing goes", "[maildir]") {
  const Fixture f;
  f.put("new/1.a.h,S=4,W=5");
  fs::create_directory(f.box / "elsewhere");
  fs::create_directory_symlink(f.box / "elsewhere", f.box / kTrashFolder);
  const auto mailbox = f.open();
  CHECK(mailbox->remove({0}, kNow) == 1);
  CHECK_THAT(mailbox->removal_fault(), Catch::Contains("postrider.trash: is no directory"));
  CHECK(fs::exists(f.box / "new/1.a.h,S=4,W=5"));
  CHECK_FALSE(trashed(f.maildir().get()));
}

TEST_CASE("maildir trash: a login makes none where nothing is to go there", "[maildir]") {
  const Fixture f;
  f.put("new/1.a.h,S=4,W=5");
  CHECK(f.open(kNow, false)->remove({0}, kNow) == 0);
  f.put("new/2.b.h,S=4,W=5");
  // In another run of the kernel, where it is looked for what a power cut has brought back.
  const auto opened = Mailbox::open(f.mail.path(), "ann@t", kNow, {.boot = "next", .trash = true});
  REQUIRE(opened);
  CHECK((*opened)->listing().size() == 1);
  CHECK_FALSE(fs::exists(f.box / kTrashFolder));
}

TEST_CASE("maildir trash: where it cannot be opened, a login succeeds and says why", "[maildir]") {
  const Fixture f;
  // Later than any file of this test was changed.
  constexpr WallTime kLater{std::chrono::seconds(4'000'000'000)};
  for (const char* name : {"new/1.a.h,S=4,W=5", "cur/2.b.h,S=4,W=5:2,S", "new/3.c.h,S=4,W=5"})
    f.put(name);
  const Fd maildir = f.maildir();
  REQUIRE(DeletionJournal::open(maildir.get(), "boot")->append(kLater, {"1.a.h", "2.b.h"}));
  fs::create_directory(f.box / "elsewhere");
  fs::create_directory_symlink(f.box / "elsewhere", f.box / kTrashFolder);
  {
    const auto mailbox = f.open(kLater);
    CHECK(mailbox->listing().size() == 1);
    CHECK(mailbox->finished().removed == 0);
    CHECK(mailbox->finished().not_removed == 2);
    CHECK_THAT(mailbox->finished().fault, Catch::Contains("postrider.trash: is no directory"));
  }
  CHECK(files_in(f.box / "elsewhere").empty());
  fs::remove(f.box / kTrashFolder);
  CHECK(f.open(kLater)->finished().removed == 2);  // it was not forgotten
  CHECK(f.trash().size() == 2);
}

TEST_CASE("maildir trash: the time of a deletion is that of its session's end", "[maildir]") {
  const Fixture f;
  f.put("new/1.a.h,S=4,W=5");
  CHECK(f.open()->remove({0}, kNow + std::chrono::hours(1)) == 0);
  CHECK(f.trash() == Names{"T1800003600,1.a.h,S=4,W=5"});
}

}  // namespace maildir_trash_test
