// trash_test.cc - the power is cut, or the process killed, after each operation by which a message
// goes into the trash of its mailbox, back from it, or from it for good: nothing is lost, and
// nothing is there twice.
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "common/maildir/delivery.h"
#include "common/maildir/mailbox.h"
#include "common/maildir/mailboxes.h"
#include "common/maildir/sweep.h"
#include "common/maildir/trash.h"
#include "tests/crash/image.h"
#include "tests/crash/recorder.h"
#include "tests/crash/rerun.h"
#include "tests/unit/temp_directory.h"

using namespace postrider;
using namespace postrider::crash;
using namespace std::chrono_literals;

namespace {

// After any run of these tests: of files that were changed later than they were deleted it is known
// that somebody brought them back.
constexpr WallTime kNow{std::chrono::seconds(4'000'000'000)};
constexpr std::array kFates{Fate::nothing, Fate::everything, Fate::in_order, Fate::any_order,
                            Fate::holes};
constexpr const char* kPath = "local.test/ann/Maildir";
const std::string kText = "all of it\n";

maildir::Remembrance in_boot(int number) {
  return {.boot = fmt::format("boot-{}", number), .trash = true};
}

std::unique_ptr<maildir::Mailbox> open(const std::string& root, int boot) {
  auto opened = maildir::Mailbox::open(root, "ann@local.test", kNow, in_boot(boot));
  REQUIRE(opened.has_value());
  REQUIRE(*opened != nullptr);
  return std::move(*opened);
}

std::string content_of(const std::filesystem::path& file) {
  std::ostringstream content;
  content << std::ifstream(file).rdbuf();
  return content.str();
}

// Where the messages are that are whole, by unique-id: "s" for each that is served, "t" for each in
// the trash.
using Places = std::map<std::string, std::string>;

Places places(const std::string& root, int boot) {
  const auto mailbox = open(root, boot);
  const std::filesystem::path box = std::filesystem::path(root) / kPath;
  Places found;
  for (std::size_t i = 0; i < mailbox->listing().size(); ++i) {
    const auto path = box / name_of(mailbox->listing().folder(i)) / mailbox->listing().file_name(i);
    if (content_of(path) == kText) found[mailbox->listing().unique_id(i)] += 's';
  }
  const Fd maildir(::open(box.c_str(), O_RDONLY | O_DIRECTORY));
  const auto trash = maildir::trashed(maildir.get());
  REQUIRE(trash);
  for (const maildir::Trashed& one : *trash)
    if (content_of(box / maildir::kTrashFolder / one.name) == kText) found[one.unique_id] += 't';
  return found;
}

void fill(const std::string& root) {
  const std::filesystem::path box = std::filesystem::path(root) / kPath;
  for (const char* folder : {"tmp", "new", "cur"})
    std::filesystem::create_directories(box / folder);
  for (const char* name : {"new/1.a.h,S=10,W=11", "new/4000000000.b.h,S=10,W=11",
                           "cur/3.c.h,S=10,W=11:2,S", "cur/4000000000.d.h,S=10,W=11:2,"})
    std::ofstream(box / name) << kText;
}

void remove(const std::string& root, const std::vector<std::size_t>& messages) {
  REQUIRE(open(root, 1)->remove(messages, kNow) == 0);
}

std::vector<std::string> names_in_trash(const std::string& root) {
  const Fd maildir(::open((root + '/' + kPath).c_str(), O_RDONLY | O_DIRECTORY));
  std::vector<std::string> names;
  const auto trash = maildir::trashed(maildir.get());
  REQUIRE(trash);
  for (const maildir::Trashed& one : *trash) names.push_back(one.name);
  return names;
}

maildir::Mailbox::Undeleted undelete_all(const std::string& root, int boot) {
  const auto undeleted = open(root, boot)->undelete(names_in_trash(root));
  REQUIRE(undeleted);
  CHECK(undeleted->faults.empty());
  return *undeleted;
}

std::vector<Draw> draws(std::size_t position) {
  const Rerun rerun = Rerun::from_environment();
  std::vector<Draw> draws;
  for (std::uint64_t i = 0; i < (rerun.all ? 40U : 4U); ++i)
    for (const Fate fate : kFates)
      if (i == 0 || (fate != Fate::nothing && fate != Fate::everything))
        draws.push_back({fate, rerun.seed * 1'000'003 + position * 101 + i});
  return draws;
}

// How the file system gives a file another name. By link, who is cut off may leave it with both.
enum class Renaming { at_once, by_link };

History recorded(const std::string& root, Renaming renaming, const std::function<void()>& act) {
  Recorder::instance().begin(root);
  Recorder::instance().take_no_replace(renaming == Renaming::at_once);
  act();
  Recorder::instance().take_no_replace(true);
  return Recorder::instance().end();
}

// Does `act` with a mailbox, and shows `judge` what is left after each of its operations: the root,
// and whether it was all done.
void cut_everywhere(const std::function<void(const std::string&)>& prepare,
                    const std::function<void(const std::string&)>& act,
                    const std::function<void(const std::string&, bool)>& judge,
                    Renaming renaming = Renaming::at_once) {
  const test::TempDirectory root;
  prepare(root.path());
  Image image = Image::of(root.path());
  const History history = recorded(root.path(), renaming, [&] { act(root.path()); });
  const auto& operations = history.operations;
  for (std::size_t position = 0; position <= operations.size(); ++position) {
    for (const Draw& draw : draws(position)) {
      Image cut = image;
      cut.cut(draw);
      const test::TempDirectory remains;
      cut.write_to(remains.path());
      INFO(fmt::format("after {} of {} operations, {}", position, operations.size(),
                       name_of(draw.fate)));
      recorded(remains.path(), renaming,
               [&] { judge(remains.path(), position == operations.size()); });
    }
    if (position < operations.size()) image.apply(operations[position], {});
  }
}

const Places kServed{
    {"1.a.h", "s"}, {"4000000000.b.h", "s"}, {"4000000000.d.h", "s"}, {"3.c.h", "s"}};
const Places kTwoDeleted{
    {"1.a.h", "t"}, {"4000000000.b.h", "t"}, {"4000000000.d.h", "s"}, {"3.c.h", "s"}};

}  // namespace

TEST_CASE("trash: a deletion that is cut leaves each message served, or in the trash", "[crash]") {
  // Messages in order of time: a, c, b, d.
  const bool young = GENERATE(true, false);  // nothing was deleted before
  const auto prepare = [&](const std::string& root) {
    fill(root);
    if (young) return;
    std::ofstream(std::filesystem::path(root) / kPath / "new/0.z.h,S=10,W=11") << kText;
    const auto before = maildir::Mailbox::open(root, "ann@local.test", kNow, {.boot = "boot-1"});
    REQUIRE((*before)->remove({0}, kNow) == 0);
  };
  const auto judge = [](const std::string& root, bool done) {
    const Places found = places(root, 2);
    CHECK((found == kTwoDeleted || (found == kServed && !done)));
    CHECK(places(root, 3) == found);
  };
  cut_everywhere(
      prepare,
      [](const std::string& root) {
        remove(root, {0, 2});
      },
      judge, GENERATE(Renaming::at_once, Renaming::by_link));
}

TEST_CASE("trash: an undelete that is cut between link and unlink leaves no message nowhere",
          "[crash]") {
  cut_everywhere(
      [](const std::string& root) {
        fill(root);
        remove(root, {0, 2});
      },
      [](const std::string& root) { CHECK(undelete_all(root, 1).names.size() == 2); },
      [](const std::string& root, bool) {
        CHECK(places(root, 2).size() == 4);
        undelete_all(root, 3);
        for (const auto& [id, place] : places(root, 4)) CHECK(place[0] == 's');
      },
      Renaming::by_link);
}

TEST_CASE("trash: an undelete that is cut leaves each message served, or in the trash", "[crash]") {
  cut_everywhere(
      [](const std::string& root) {
        fill(root);
        remove(root, {0, 2});
      },
      [](const std::string& root) { CHECK(undelete_all(root, 1).names.size() == 2); },
      [](const std::string& root, bool done) {
        for (auto& [id, place] : places(root, 2)) CHECK((place == "s" || (place == "t" && !done)));
        CHECK(places(root, 3).size() == 4);
        undelete_all(root, 3);
        CHECK(places(root, 4) == kServed);
      });
}

TEST_CASE("trash: a sweep that is cut loses nothing that is to be kept", "[crash]") {
  const maildir::SweepRules rules{.retention = 240h, .trash = 48h};
  const auto sweep = [&](const std::string& root, int boot) {
    const Fd maildir(::open((root + '/' + kPath).c_str(), O_RDONLY | O_DIRECTORY));
    return maildir::sweep(maildir, rules, kNow, in_boot(boot)).value();
  };
  const Places swept{{"1.a.h", "t"},
                     {"4000000000.b.h", "s"},
                     {"4000000000.d.h", "s"},
                     {"3.c.h", "t"},
                     {"8.young.h", "t"}};
  cut_everywhere(
      [](const std::string& root) {
        fill(root);
        const auto trash = std::filesystem::path(root) / kPath / maildir::kTrashFolder;
        std::filesystem::create_directory(trash);
        std::ofstream(trash / "T3999000000,7.old.h") << kText;
        std::ofstream(trash / "T3999900000,8.young.h") << kText;
      },
      [&](const std::string& root) {
        const maildir::Swept done = sweep(root, 1);
        CHECK(done.removed == 2);
        CHECK(done.emptied == 1);
      },
      [&](const std::string& root, bool) {
        Places found = places(root, 2);
        CHECK(found["7.old.h"] != "tt");
        found.erase("7.old.h");
        CHECK(found.size() == 5);
        for (const auto& [id, place] : found) CHECK(place.size() == 1);
        sweep(root, 2);
        CHECK(places(root, 2) == swept);
      });
}

TEST_CASE("trash: a message that was just delivered is whole there, or delivered again",
          "[crash]") {
  const std::string base = "4000000000.0123456789abcdefghij0123456789abcdef.mx";
  const auto deliver = [&](const std::string& root, maildir::Delivery::Attempt attempt) {
    const Fd mail(::open(root.c_str(), O_RDONLY | O_DIRECTORY));
    auto delivery = maildir::Delivery::begin(
        {.mail_directory = mail.get(), .mailbox_path = kPath, .base = base});
    REQUIRE(delivery);
    REQUIRE(delivery->append(kText));
    REQUIRE(delivery->commit(attempt, maildir::Sync::none));
  };
  cut_everywhere([](const std::string&) {},
                 [&](const std::string& root) {
                   deliver(root, maildir::Delivery::Attempt::first);
                   remove(root, {0});
                 },
                 [&](const std::string& root, bool done) {
                   deliver(root, maildir::Delivery::Attempt::repeated);
                   const Places found = places(root, 2);
                   REQUIRE(found.size() == 1);
                   CHECK((found.begin()->second == "t" || (found.begin()->second == "s" && !done)));
                 });
}

TEST_CASE("trash: messages of which a twin is gone cost one reading of the folders, not one each",
          "[crash]") {
  constexpr std::size_t kMessages = 200;
  const test::TempDirectory root;
  const std::filesystem::path box = std::filesystem::path(root.path()) / kPath;
  for (const char* folder : {"tmp", "new", "cur"})
    std::filesystem::create_directories(box / folder);
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < kMessages; ++i) {
    for (const char* folder : {"new", "cur"})
      std::ofstream(box / folder / fmt::format("{}.a.h,S=10,W=11", i)) << kText;
    all.push_back(i);
  }
  const auto mailbox = open(root.path(), 1);
  for (std::size_t i = 0; i < kMessages; ++i)
    std::filesystem::remove(box / "new" / fmt::format("{}.a.h,S=10,W=11", i));
  Recorder::instance().begin(root.path());
  CHECK(mailbox->remove(all, kNow) == 0);
  const auto calls = Recorder::instance().calls();
  Recorder::instance().end();
  CHECK(std::count(calls.begin(), calls.end(), Call::open) < 50);
}
