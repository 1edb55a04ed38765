#include "queued/rescue.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/spool/record.h"
#include "queued/store.h"
#include "tests/unit/temp_directory.h"

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::queued;

namespace {

constexpr std::size_t kMessages = 400;
constexpr off_t kPage = 4096;

struct Fixture {
  Fixture() {
    for (const std::string& folder : {paths.deferred(), paths.quarantine()})
      REQUIRE(disk.make_directory(folder));
    auto store = Store::open(disk, paths);
    REQUIRE(store);
    const Fd content(::open(directory.path("content").c_str(), O_RDWR | O_CREAT, 0600));
    std::vector<Change> changes;
    for (std::size_t i = 0; i < kMessages; ++i) {
      MessageData data;
      data.id = ids.next();
      data.envelope.set_sender("a@x.test");
      data.content_checksum = spool::checksum({});
      data.recipients.push_back({.address = "b@far.test"});
      changes.push_back(Promote{.data = data,
                                .schedule = {.next_attempt = clock.now()},
                                .source = std::make_shared<SourceFile>(
                                    SourceFile{Fd(::dup(content.get()))})});
    }
    REQUIRE((*store)->apply(changes));
  }

  off_t pages() { return static_cast<off_t>(std::filesystem::file_size(paths.queue_db())) / kPage; }

  void overwrite(off_t page) {
    const Fd fd(::open(paths.queue_db().c_str(), O_RDWR));
    const std::string garbage(kPage, '\xa5');
    REQUIRE(::pwrite(fd.get(), garbage.data(), garbage.size(), page * kPage) == kPage);
  }

  std::uint64_t messages() {
    auto store = Store::open(disk, paths);
    REQUIRE(store);
    const auto all = (*store)->take_due(clock.now(), 10 * kMessages);
    REQUIRE(all);
    for (const MessageData& data : all->messages) CHECK(data.recipients.size() == 1);
    return all->messages.size();
  }

  test::TempDirectory directory;
  spool::Disk& disk = spool::system_disk();
  spool::Paths paths{directory.path()};
  ManualClock clock;
  MessageIdSource ids{clock, 0, 0};
};

}  // namespace

TEST_CASE("queued rescue: whichever page is damaged, the other messages are carried over",
          "[queued]") {
  Fixture f;
  const off_t pages = f.pages();
  std::uint64_t least = kMessages;
  std::filesystem::copy(f.paths.queue_db(), f.directory.path("whole"));
  for (off_t page = 1; page < pages; ++page) {
    std::filesystem::copy(f.directory.path("whole"), f.paths.queue_db(),
                          std::filesystem::copy_options::overwrite_existing);
    f.overwrite(page);
    const auto rescued = rescue_queue_db(f.disk, f.paths, f.clock.now());
    CAPTURE(page);
    REQUIRE(rescued);
    CHECK(f.messages() == rescued->carried_over);
    CHECK(std::filesystem::file_size(rescued->kept) > 0);
    CHECK_FALSE(is_marked_damaged(f.disk, f.paths));
    // All ways go through the roots of the tables and of the index.
    if (page > 3) least = std::min(least, rescued->carried_over);
  }
  CHECK(least > kMessages * 8 / 10);
  CHECK(least < kMessages);
}

TEST_CASE("queued rescue: what is no database at all is kept, and a new one begun", "[queued]") {
  Fixture f;
  f.overwrite(0);
  CHECK(Store::open(f.disk, f.paths).error().kind == ErrorKind::corrupt);
  const auto rescued = rescue_queue_db(f.disk, f.paths, f.clock.now());
  REQUIRE(rescued);
  CHECK(rescued->carried_over == 0);
  CHECK(f.messages() == 0);
  CHECK(std::filesystem::exists(rescued->kept));
}

TEST_CASE("queued rescue: damage that is met in use is remembered for the next start", "[queued]") {
  Fixture f;
  {
    auto store = Store::open(f.disk, f.paths);
    REQUIRE(store);
    CHECK_FALSE((*store)->damaged());
    for (off_t page = 2; page < f.pages(); ++page) f.overwrite(page);
    CHECK_FALSE((*store)->take_due(f.clock.now(), 10));
    CHECK((*store)->damaged());
  }
  REQUIRE(mark_damaged(f.disk, f.paths));
  CHECK(is_marked_damaged(f.disk, f.paths));
}

TEST_CASE("queued rescue: one that a crash cut short before the new file had its name is ended",
          "[queued]") {
  Fixture f;
  const std::uint64_t messages = f.messages();
  REQUIRE(mark_damaged(f.disk, f.paths));
  std::filesystem::rename(f.paths.queue_db(), f.paths.queue_db_whole());
  const std::string old_log = f.paths.queue_db() + "-wal";
  std::filesystem::copy_file(f.paths.queue_db_whole(), old_log);
  REQUIRE(finish_rescue(f.disk, f.paths));
  CHECK_FALSE(std::filesystem::exists(old_log));
  CHECK_FALSE(is_marked_damaged(f.disk, f.paths));
  CHECK(f.messages() == messages);
  REQUIRE(finish_rescue(f.disk, f.paths));
  CHECK(f.messages() == messages);
}

TEST_CASE("queued rescue: a damaged queue.db of version 1 is carried over as well", "[queued]") {
  Fixture f;
  {
    auto database = sqlite::Database::open(f.paths.queue_db(), sqlite::Access::write);
    REQUIRE(database);
    REQUIRE(database->execute("DROP INDEX message_behind"));
    REQUIRE(database->execute("ALTER TABLE message DROP COLUMN behind"));
    REQUIRE(database->execute("PRAGMA user_version = 1"));
  }
  const auto rescued = rescue_queue_db(f.disk, f.paths, f.clock.now());
  REQUIRE(rescued);
  CHECK(rescued->carried_over == kMessages);
  CHECK(f.messages() == kMessages);
}

TEST_CASE("queued rescue: a queue.db of a newer release is refused and left as it is", "[queued]") {
  Fixture f;
  {
    auto database = sqlite::Database::open(f.paths.queue_db(), sqlite::Access::write);
    REQUIRE(database->execute("PRAGMA user_version = 99"));
  }
  const auto store = Store::open(f.disk, f.paths);
  REQUIRE_FALSE(store);
  CHECK(store.error().kind == ErrorKind::invalid);
  CHECK(store.error().text.find("newer release") != std::string::npos);
  CHECK(sqlite::Database::open(f.paths.queue_db(), sqlite::Access::read)->schema_version() == 99);
}
