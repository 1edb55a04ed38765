#include "common/maildir/deletion_journal.h"

#include <catch2/catch.hpp>

#include "common/maildir/delivery.h"
#include "common/maildir/look.h"
#include "common/maildir/mailbox.h"
#include "tests/unit/maildir/mail_directory.h"

namespace maildir_deletion_journal_test {

using namespace postrider;
using namespace postrider::maildir;

namespace {

constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};
constexpr std::chrono::hours kKeep{24 * 6};
const std::string kBase = "1800000000.0123456789abcdefghij0123456789abcdef.mx.test";

struct Fixture {
  Fixture() : box(mail.create("t/ann")), fd(::open(box.c_str(), O_RDONLY | O_DIRECTORY)) {}

  DeletionJournal open(const std::string& boot = "b1") const {
    auto journal = DeletionJournal::open(fd.get(), boot);
    REQUIRE(journal);
    return std::move(*journal);
  }
  bool deleted(std::string_view base) const {
    const auto answer = was_deleted(mail.fd(), "t/ann/Maildir", base);
    REQUIRE(answer);
    return *answer;
  }
  std::uintmax_t size() const { return std::filesystem::file_size(box / kJournalName); }

  MailDirectory mail;
  std::filesystem::path box;
  Fd fd;
};

}  // namespace

TEST_CASE("maildir deletion journal: what was promised is known to all, until it is removed",
          "[maildir]") {
  const Fixture f;
  CHECK_FALSE(f.deleted(kBase));
  auto journal = f.open();
  CHECK_FALSE(journal.unfinished());
  REQUIRE(journal.append(kNow, {kBase, "1.a.h"}));
  CHECK(f.deleted(kBase));
  auto next = f.open();
  CHECK(next.unfinished());
  CHECK(next.is_to_be_removed("1.a.h"));
  CHECK_FALSE(next.is_to_be_removed("2.b.h"));
  REQUIRE(next.sync());
  next.note_removed();
  CHECK_FALSE(next.is_to_be_removed("1.a.h"));
  CHECK_FALSE(f.open().unfinished());
  CHECK(f.open("b2").unfinished());
  CHECK(f.deleted(kBase));
}

TEST_CASE("maildir deletion journal: what is torn is cut off by the next session", "[maildir]") {
  const Fixture f;
  REQUIRE(f.open().append(kNow, {"1.a.h"}));
  const auto whole = f.size();
  std::ofstream(f.box / kJournalName, std::ios::app) << std::string(500, 'x');
  auto journal = f.open();
  CHECK(journal.is_to_be_removed("1.a.h"));
  REQUIRE(journal.append(kNow, {"2.b.h"}));
  CHECK(f.size() == 2 * whole);
  CHECK(f.deleted("2.b.h"));
}

TEST_CASE("maildir deletion journal: what is old is forgotten once it is most of it", "[maildir]") {
  const Fixture f;
  auto journal = f.open();
  std::vector<std::string> names;
  for (int i = 0; i < 2000; ++i) {
    std::string base = kBase;
    base.replace(27, 4, std::to_string(1000 + i));
    names.push_back(base);
  }
  const std::vector<std::string_view> old(names.begin(), names.end());
  REQUIRE(journal.append(kNow - kKeep - std::chrono::hours(1), old));
  REQUIRE(journal.append(kNow, {kBase, "1.foreign.h"}));
  journal.note_removed();
  const auto before = f.size();
  REQUIRE(journal.tidy(kNow - std::chrono::hours(2), kKeep));
  CHECK(f.size() == before);
  REQUIRE(journal.tidy(kNow, kKeep));
  CHECK(f.size() < 300);
  CHECK(f.deleted(kBase));
  CHECK_FALSE(f.deleted(names[5]));
  CHECK_FALSE(f.deleted("1.foreign.h"));
  CHECK_FALSE(f.open().unfinished());
  REQUIRE(journal.append(kNow, {"2.b.h"}));
  CHECK(f.open().is_to_be_removed("2.b.h"));
}

TEST_CASE("maildir deletion journal: a repeated delivery does not bring back what was deleted",
          "[maildir]") {
  const Fixture f;
  const auto deliver = [&](Delivery::Attempt attempt) {
    auto delivery = Delivery::begin(
        {.mail_directory = f.mail.fd(), .mailbox_path = "t/ann/Maildir", .base = kBase});
    REQUIRE(delivery->append("x\n"));
    return delivery->commit(attempt, Sync::none);
  };
  REQUIRE(deliver(Delivery::Attempt::first) == Placed::now);
  {
    auto opened = Mailbox::open(f.mail.path(), "ann@t", kNow, {.keep = kKeep, .boot = "b1"});
    REQUIRE(opened.has_value());
    CHECK((*opened)->remove({0}, kNow) == 0);
  }
  CHECK(deliver(Delivery::Attempt::repeated) == Placed::earlier);
  CHECK(files_in(f.box / "new").empty());
  CHECK(files_in(f.box / "tmp").empty());
}

namespace {

// The kernel says when a file was last changed, and nobody else can: before any test is run, and
// after.
constexpr WallTime kLongAgo{std::chrono::seconds(1'700'000'000)};
constexpr WallTime kLongAfter{std::chrono::seconds(4'000'000'000)};

std::unique_ptr<Mailbox> open_in(const Fixture& f, const std::string& boot, WallTime now) {
  auto opened = Mailbox::open(f.mail.path(), "ann@t", now, {.keep = kKeep, .boot = boot});
  REQUIRE(opened);
  REQUIRE(*opened);
  return std::move(*opened);
}

}  // namespace

TEST_CASE("maildir deletion journal: what was restored from a backup is served after a reboot",
          "[maildir]") {
  const Fixture f;
  const auto restore = [&] { std::ofstream(f.box / "new/1.a.h,S=2,W=3") << "x\n"; };
  restore();
  CHECK(open_in(f, "b1", kLongAgo)->remove({0}, kLongAgo) == 0);
  restore();
  const auto looked = look(f.fd.get(), "b2");
  REQUIRE(looked);
  CHECK(looked->listing.size() == 1);
  {
    const auto mailbox = open_in(f, "b2", kLongAgo);
    CHECK(mailbox->listing().size() == 1);
    CHECK(mailbox->finished().restored == 1);
    CHECK(mailbox->finished().removed == 0);
    CHECK(mailbox->remove({0}, kLongAfter) == 0);  // and may be deleted again
  }
  CHECK(files_in(f.box / "new").empty());
  CHECK(f.open("b3").is_to_be_removed("1.a.h"));
}

TEST_CASE("maildir deletion journal: restored is what is served, and no torn file", "[maildir]") {
  const Fixture f;
  std::ofstream(f.box / "new/1.a.h,S=2,W=3") << "x\n";
  std::ofstream(f.box / "new/2.b.h,S=9,W=9") << "torn";
  std::filesystem::create_directory(f.box / "new/3.c.h");
  REQUIRE(f.open().append(kLongAgo, {"1.a.h", "2.b.h", "3.c.h"}));
  const auto mailbox = open_in(f, "b2", kLongAgo);
  CHECK(mailbox->listing().size() == 1);
  CHECK(mailbox->finished().restored == 1);
  CHECK(mailbox->skipped() == 2);
}

TEST_CASE("maildir deletion journal: what a power cut has brought back goes, and is counted",
          "[maildir]") {
  const Fixture f;
  for (const char* name : {"new/1.a.h,S=2,W=3", "new/2.b.h,S=2,W=3"})
    std::ofstream(f.box / name) << "x\n";
  REQUIRE(f.open().append(kLongAgo, {"1.a.h"}));
  REQUIRE(f.open().append(kLongAfter, {"1.a.h"}));  // the last time counts
  const auto mailbox = open_in(f, "b2", kLongAfter);
  CHECK(mailbox->finished().removed == 1);
  CHECK(mailbox->finished().restored == 0);
  CHECK(files_in(f.box / "new") == std::vector<std::string>{"2.b.h,S=2,W=3"});
}

TEST_CASE("maildir deletion journal: a file is restored a minute after its deletion, not before",
          "[maildir]") {
  const Fixture f;
  REQUIRE(f.open().append(kNow, {"1.a.h"}));
  const auto journal = f.open();
  CHECK(journal.is_to_be_removed("1.a.h", 1'800'000'060));
  CHECK_FALSE(journal.is_to_be_removed("1.a.h", 1'800'000'061));
  CHECK_FALSE(journal.is_to_be_removed("2.b.h", 0));
}

}  // namespace maildir_deletion_journal_test
