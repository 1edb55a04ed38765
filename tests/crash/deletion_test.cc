// What a reader deletes: whatever ends the session, and wherever the power is cut, all of it is
// gone or none, nothing else, and no delivery that is repeated brings it back.
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "common/maildir/delivery.h"
#include "common/maildir/mailbox.h"
#include "tests/crash/image.h"
#include "tests/crash/recorder.h"
#include "tests/crash/rerun.h"
#include "tests/unit/temp_directory.h"

using namespace postrider;
using namespace postrider::crash;

namespace {

// After any run of these tests: of files that were changed later than they were deleted it is known
// that somebody brought them back.
constexpr WallTime kNow{std::chrono::seconds(4'000'000'000)};
constexpr std::array kFates{Fate::nothing, Fate::everything, Fate::in_order, Fate::any_order,
                            Fate::holes};
const std::string kBase = "4000000000.0123456789abcdefghij0123456789abcdef.mx";
constexpr const char* kPath = "local.test/ann/Maildir";

maildir::Remembrance in_boot(int number) { return {.boot = fmt::format("boot-{}", number)}; }

std::unique_ptr<maildir::Mailbox> open(const std::string& root, int boot) {
  auto opened = maildir::Mailbox::open(root, "ann@local.test", kNow, in_boot(boot));
  REQUIRE(opened.has_value());
  REQUIRE(*opened != nullptr);
  return std::move(*opened);
}

// The unique-ids of the messages that are served.
std::set<std::string> served(const std::string& root, int boot) {
  const auto mailbox = open(root, boot);
  std::set<std::string> ids;
  for (std::size_t i = 0; i < mailbox->listing().size(); ++i) {
    auto reader = mailbox->read(i, std::nullopt);
    REQUIRE(reader);
    CHECK(reader->next()->wire == "all of it\r\n");
    ids.insert(mailbox->listing().unique_id(i));
  }
  return ids;
}

const std::set<std::string> kKept{"2.b.h", "4.d.h", "5.e.h"};
const std::set<std::string> kAll{"1.a.h", "2.b.h", "3.c.h", "4.d.h", "5.e.h"};

// A mailbox of five messages and one that an earlier session has deleted.
void fill(const std::string& root) {
  const std::filesystem::path box = std::filesystem::path(root) / kPath;
  for (const char* folder : {"tmp", "new", "cur"})
    std::filesystem::create_directories(box / folder);
  for (const char* name :
       {"new/0.z.h,S=10,W=11", "new/1.a.h,S=10,W=11", "new/2.b.h,S=10,W=11",
        "cur/3.c.h,S=10,W=11:2,S", "cur/4.d.h,S=10,W=11:2,", "new/5.e.h,S=10,W=11"})
    std::ofstream(box / name) << "all of it\n";
}

struct Session {
  Image before;
  History history;
  std::size_t acknowledged = 0;  // operations until the client was told
  std::size_t left = 0;
};

// Deletes the messages 1 and 3. `young`: no session before has deleted anything.
Session delete_two(const std::string& root, bool young, const std::optional<Fault>& fault = {}) {
  fill(root);
  if (!young) {
    REQUIRE(open(root, 1)->remove({0}, kNow) == 0);
  } else {
    std::filesystem::remove(std::filesystem::path(root) / kPath / "new/0.z.h,S=10,W=11");
  }
  Session session{.before = Image::of(root), .history = {}};
  Recorder& recorder = Recorder::instance();
  recorder.begin(root);
  auto mailbox = open(root, 1);
  // Counted from where the session has listed its messages.
  if (fault) {
    Fault later = *fault;
    later.call += recorder.calls().size();
    recorder.set_fault(later);
  }
  session.left = mailbox->remove({0, 2}, kNow);
  recorder.heal();
  session.acknowledged = recorder.position();
  mailbox.reset();
  session.history = recorder.end();
  return session;
}

std::vector<Draw> draws(std::size_t position) {
  const Rerun rerun = Rerun::from_environment();
  std::vector<Draw> draws;
  for (std::uint64_t i = 0; i < (rerun.all ? 40U : 8U); ++i)
    for (const Fate fate : kFates)
      if (i == 0 || (fate != Fate::nothing && fate != Fate::everything))
        draws.push_back({fate, rerun.seed * 1'000'003 + position * 101 + i});
  return draws;
}

std::unique_ptr<test::TempDirectory> remains_of(Image image, const Draw& draw) {
  image.cut(draw);
  auto directory = std::make_unique<test::TempDirectory>();
  image.write_to(directory->path());
  return directory;
}

}  // namespace

TEST_CASE("deletion: a session that is killed or loses its power deletes all or nothing",
          "[crash]") {
  const bool young = GENERATE(true, false);
  const test::TempDirectory root;
  Session session = delete_two(root.path(), young);
  REQUIRE(session.left == 0);
  const auto& operations = session.history.operations;
  std::size_t finished_later = 0;
  for (std::size_t position = 0; position <= operations.size(); ++position) {
    for (const Draw& draw : draws(position)) {
      // A kill leaves the kernel running; a power cut does not.
      for (const int boot : {1, 2}) {
        if (boot == 1 && draw.fate != Fate::everything) continue;
        const auto remains = remains_of(session.before, draw);
        const auto found = served(remains->path(), boot);
        INFO(fmt::format("after {} operations, {}, boot {}", position, name_of(draw.fate), boot));
        CHECK((found == kKept || (found == kAll && position < session.acknowledged)));
        CHECK(served(remains->path(), boot) == found);
        if (found == kKept && position < session.acknowledged) ++finished_later;
      }
    }
    if (position < operations.size()) session.before.apply(operations[position], {});
  }
  CHECK(finished_later > 0);
}

TEST_CASE("deletion: a second power cut, while the first is mended, does no harm", "[crash]") {
  const test::TempDirectory root;
  Session session = delete_two(root.path(), GENERATE(true, false));
  for (std::size_t position = 0; position < session.history.operations.size(); ++position) {
    session.before.apply(session.history.operations[position], {});
    for (const Fate fate : {Fate::everything, Fate::any_order}) {
      const auto first = remains_of(session.before, {fate, position});
      Image image = Image::of(first->path());
      Recorder::instance().begin(first->path());
      const auto found = served(first->path(), 2);
      const History mending = Recorder::instance().end();
      for (std::size_t i = 0; i <= mending.operations.size(); ++i) {
        for (const Draw& draw : draws(i)) {
          const auto second = remains_of(image, draw);
          const auto then = served(second->path(), 3);
          INFO(fmt::format("after {} operations, {}; then after {}, {}", position, name_of(fate), i,
                           name_of(draw.fate)));
          const bool promised = position >= session.acknowledged || i == mending.operations.size();
          CHECK((then == kKept || then == kAll));
          if (promised) CHECK(then == found);
        }
        if (i < mending.operations.size()) image.apply(mending.operations[i], {});
      }
    }
  }
}

TEST_CASE("deletion: whatever call fails, what the client is told is so", "[crash]") {
  for (const int error : {EIO, ENOSPC, EMFILE, Fault::kShortWrite}) {
    for (std::size_t call = 0; call < 12; ++call) {
      const test::TempDirectory root;
      const Session session =
          delete_two(root.path(), call % 2 == 0, Fault{.call = call, .error = error});
      const auto found = served(root.path(), 1);
      INFO(fmt::format("call {}, error {}, left {}", call, error, session.left));
      CHECK((found == kKept || (found == kAll && session.left == 2)));
    }
  }
}

TEST_CASE("deletion: a delivery that is repeated does not bring back what its reader has deleted",
          "[crash]") {
  const auto deliver = [](const std::string& root, maildir::Delivery::Attempt attempt) {
    const Fd mail(::open(root.c_str(), O_RDONLY | O_DIRECTORY));
    auto delivery = maildir::Delivery::begin(
        {.mail_directory = mail.get(), .mailbox_path = kPath, .base = kBase});
    REQUIRE(delivery);
    REQUIRE(delivery->append("all of it\n"));
    REQUIRE(delivery->commit(attempt, maildir::Sync::none));
  };
  const test::TempDirectory root;
  Image image = Image::of(root.path());
  Recorder& recorder = Recorder::instance();
  recorder.begin(root.path());
  deliver(root.path(), maildir::Delivery::Attempt::first);
  const std::size_t delivered = recorder.position();
  REQUIRE(open(root.path(), 1)->remove({0}, kNow) == 0);
  const History history = recorder.end();
  for (std::size_t position = 0; position <= history.operations.size(); ++position) {
    for (const Draw& draw : draws(position)) {
      const auto remains = remains_of(image, draw);
      deliver(remains->path(), maildir::Delivery::Attempt::repeated);
      INFO(fmt::format("after {} operations, {}", position, name_of(draw.fate)));
      const std::size_t messages = served(remains->path(), 2).size();
      if (position <= delivered) CHECK(messages == 1);
      if (position == history.operations.size()) CHECK(messages == 0);
      deliver(remains->path(), maildir::Delivery::Attempt::repeated);
      CHECK(served(remains->path(), 2).size() <= messages);
    }
    if (position < history.operations.size()) image.apply(history.operations[position], {});
  }
}

TEST_CASE("deletion: what the journal forgets does not come back after a power cut", "[crash]") {
  const test::TempDirectory root;
  fill(root.path());
  {
    // Old by the time of the second session, and large enough that it is looked through.
    const Fd maildir(::open((root.path() + '/' + kPath).c_str(), O_RDONLY | O_DIRECTORY));
    auto journal = maildir::DeletionJournal::open(maildir.get(), "boot-1");
    REQUIRE(journal);
    std::vector<std::string> old;
    for (int i = 0; i < 5000; ++i) old.push_back(fmt::format("9.old-{:06}.h", i));
    REQUIRE(journal->append(kNow, std::vector<std::string_view>(old.begin(), old.end())));
    journal->note_removed();
  }
  const auto size_of_journal = [&] {
    return std::filesystem::file_size(std::filesystem::path(root.path()) / kPath /
                                      maildir::kJournalName);
  };
  Image image = Image::of(root.path());
  Recorder::instance().begin(root.path());
  REQUIRE(open(root.path(), 1)->remove({0, 1, 3}, kNow) == 0);
  const std::size_t acknowledged = Recorder::instance().position();
  const auto large = size_of_journal();
  REQUIRE(maildir::Mailbox::open(root.path(), "ann@local.test", kNow + std::chrono::hours(24 * 7),
                                 in_boot(1)));
  CHECK(size_of_journal() < large / 100);
  const History history = Recorder::instance().end();
  for (std::size_t position = 0; position <= history.operations.size(); ++position) {
    for (const Draw& draw : draws(position)) {
      if (position < acknowledged) continue;
      const auto remains = remains_of(image, draw);
      INFO(fmt::format("after {} operations, {}", position, name_of(draw.fate)));
      CHECK(served(remains->path(), 2) == kKept);
    }
    if (position < history.operations.size()) image.apply(history.operations[position], {});
  }
}
