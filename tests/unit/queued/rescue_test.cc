#include "queued/rescue.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "common/spool/record.h"
#include "queued/store.h"
#include "tests/unit/spool/forwarding_disk.h"
#include "tests/unit/temp_directory.h"

#include <catch2/catch.hpp>

namespace queued_rescue_test {

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
    promote(**store, kMessages);
  }

  void promote(Store& store, std::size_t count) {
    const Fd content(::open(directory.path("content").c_str(), O_RDWR | O_CREAT, 0600));
    std::vector<Change> changes;
    for (std::size_t i = 0; i < count; ++i) {
      MessageData data;
      data.id = ids.next();
      data.envelope.set_sender("a@x.test");
      data.content_checksum = spool::checksum({});
      data.recipients.push_back({.address = "b@far.test"});
      changes.push_back(
          Promote{.data = data,
                  .schedule = {.next_attempt = clock.now()},
                  .source = std::make_shared<SourceFile>(SourceFile{Fd(::dup(content.get()))})});
    }
    REQUIRE(store.apply(changes));
  }

  off_t pages() { return static_cast<off_t>(std::filesystem::file_size(paths.queue_db())) / kPage; }

  void overwrite(off_t page) {
    const Fd fd(::open(paths.queue_db().c_str(), O_RDWR));
    const std::string garbage(kPage, '\xa5');
    REQUIRE(::pwrite(fd.get(), garbage.data(), garbage.size(), page * kPage) == kPage);
  }

  // The number of the first page of a table or an index, from 1.
  off_t root_of(const std::string& name) {
    auto database = sqlite::Database::open(paths.queue_db(), sqlite::Access::read_still);
    auto select = database->prepare("SELECT rootpage FROM sqlite_schema WHERE name=?1");
    REQUIRE(select->bind(std::string_view(name)).step() == true);
    return select->integer(0);
  }

  std::uint64_t messages() {
    auto store = Store::open(disk, paths);
    REQUIRE(store);
    const auto all = (*store)->take_due(clock.now(), 10 * kMessages);
    REQUIRE(all);
    for (const MessageData& data : all->messages) CHECK(data.recipients.size() == 1);
    return all->messages.size();
  }

  Result<Rescued> rescue() { return rescue_queue_db(disk, paths, clock.now()); }

  Result<std::unique_ptr<Store>> open(spool::Disk& on) {
    log::Logger log("test", log::Level::error, log::Format::logfmt, clock, [](std::string_view) {});
    return open_store(on, paths, log, clock.now());
  }

  std::vector<std::string> quarantined() { return disk.list(paths.quarantine()).value(); }

  test::TempDirectory directory;
  spool::Disk& disk = spool::system_disk();
  spool::Paths paths{directory.path()};
  ManualClock clock;
  MessageIdSource ids{clock, 0, 0};
};

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// While it lives, no file can grow beyond `octets`: to SQLite, a disk without room.
class Room {
 public:
  explicit Room(std::uintmax_t octets) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit limit{.rlim_cur = octets, .rlim_max = before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  ~Room() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }

 private:
  void (*signal_)(int) = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before_{};
};

}  // namespace

TEST_CASE("queued rescue: whichever page is damaged, the other messages are carried over",
          "[queued][slow]") {
  Fixture f;
  const off_t pages = f.pages();
  std::uint64_t least = kMessages;
  std::filesystem::copy(f.paths.queue_db(), f.directory.path("whole"));
  for (off_t page = 1; page < pages; ++page) {
    std::filesystem::copy(f.directory.path("whole"), f.paths.queue_db(),
                          std::filesystem::copy_options::overwrite_existing);
    f.overwrite(page);
    const auto rescued = f.rescue();
    CAPTURE(page);
    REQUIRE(rescued);
    CHECK(f.messages() == rescued->carried_over);
    CHECK(std::filesystem::file_size(rescued->kept) > 0);
    CHECK(is_marked_damaged(f.disk, f.paths) == false);
    // All ways go through the roots of the tables and of the index.
    if (page > 3) least = std::min(least, rescued->carried_over);
  }
  CHECK(least > kMessages * 8 / 10);
  CHECK(least < kMessages);
}

TEST_CASE("queued rescue: what is no database at all is kept, and a new one begun",
          "[queued][slow]") {
  Fixture f;
  f.overwrite(0);
  CHECK(Store::open(f.disk, f.paths).error().kind == ErrorKind::corrupt);
  const auto rescued = f.rescue();
  REQUIRE(rescued);
  CHECK(rescued->carried_over == 0);
  CHECK(f.messages() == 0);
  CHECK(std::filesystem::exists(rescued->kept));
}

TEST_CASE("queued rescue: damage that is met in use is remembered for the next start",
          "[queued][slow]") {
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
  CHECK(is_marked_damaged(f.disk, f.paths) == true);
}

TEST_CASE("queued rescue: one that a crash cut short before the new file had its name is ended",
          "[queued][slow]") {
  Fixture f;
  const std::uint64_t messages = f.messages();
  REQUIRE(mark_damaged(f.disk, f.paths));
  std::filesystem::rename(f.paths.queue_db(), f.paths.queue_db_whole());
  const std::string old_log = f.paths.queue_db() + "-wal";
  std::filesystem::copy_file(f.paths.queue_db_whole(), old_log);
  REQUIRE(finish_rescue(f.disk, f.paths));
  CHECK_FALSE(std::filesystem::exists(old_log));
  CHECK(is_marked_damaged(f.disk, f.paths) == false);
  CHECK(f.messages() == messages);
  REQUIRE(finish_rescue(f.disk, f.paths));
  CHECK(f.messages() == messages);
}

TEST_CASE("queued rescue: a damaged queue.db of an earlier version is carried over as well",
          "[queued][slow]") {
  Fixture f;
  const int version = GENERATE(1, 2);
  {
    auto database = sqlite::Database::open(f.paths.queue_db(), sqlite::Access::write);
    REQUIRE(database);
    REQUIRE(
        database->execute("DROP TABLE act; DROP TABLE pause; DROP INDEX message_deleted;"
                          "ALTER TABLE recipient DROP COLUMN via;"
                          "ALTER TABLE message DROP COLUMN deleted_us;"
                          "ALTER TABLE message DROP COLUMN expired"));
    if (version == 1)
      REQUIRE(
          database->execute("DROP INDEX message_behind;"
                            "ALTER TABLE message DROP COLUMN behind"));
    REQUIRE(database->execute("PRAGMA user_version = " + std::to_string(version)));
  }
  const auto rescued = f.rescue();
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

TEST_CASE("queued rescue: the damaged file and its log are kept as they were found",
          "[queued][slow]") {
  Fixture f;
  const std::string log = f.paths.queue_db() + "-wal";
  const std::string saved = f.directory.path("saved");
  {
    auto store = Store::open(f.disk, f.paths);
    REQUIRE(store);
    f.promote(**store, 3);
    std::filesystem::copy(f.paths.queue_db(), saved);
    std::filesystem::copy(log, saved + "-wal");
  }
  // As a queued leaves them that was killed.
  std::filesystem::rename(saved, f.paths.queue_db());
  std::filesystem::rename(saved + "-wal", log);
  f.overwrite(f.root_of("message_schedule") - 1);
  const std::string file = read(f.paths.queue_db());
  const std::string frames = read(log);
  CHECK_FALSE(frames.empty());
  REQUIRE(f.open(f.disk));
  CHECK(f.messages() == kMessages + 3);
  const std::vector<std::string> kept = f.quarantined();
  REQUIRE(kept.size() == 2);
  CHECK(read(f.paths.quarantine() + '/' + kept[0]) == file);
  CHECK(kept[1] == kept[0] + "-wal");
  CHECK(read(f.paths.quarantine() + '/' + kept[1]) == frames);
}

TEST_CASE("queued rescue: without room it fails, leaves all as it was, and can be tried again",
          "[queued][slow]") {
  Fixture f;
  const std::string before = read(f.paths.queue_db());
  for (std::size_t eighth = 2; eighth < 8; ++eighth) {
    const Room room(before.size() * eighth / 8);
    const auto rescued = f.rescue();
    REQUIRE_FALSE(rescued);
    CHECK(rescued.error().kind == ErrorKind::temporary);
    CHECK(read(f.paths.queue_db()) == before);
    CHECK_FALSE(exists(f.paths.queue_db_new()));
    CHECK_FALSE(exists(f.paths.queue_db_whole()));
    CHECK(is_marked_damaged(f.disk, f.paths) == true);
    f.clock.advance(std::chrono::seconds{1});
  }
  const auto rescued = f.rescue();
  REQUIRE(rescued);
  CHECK(rescued->carried_over == kMessages);
  CHECK(f.messages() == kMessages);
  CHECK(read(rescued->kept) == before);
  std::size_t names = 0;
  for (const std::string& name : f.quarantined()) names += name.ends_with("-wal") ? 0U : 1U;
  CHECK(names == 1);
}

TEST_CASE("queued rescue: the new file needs no more room than the damaged one has", "[queued]") {
  Fixture f;
  {
    const Room room(std::filesystem::file_size(f.paths.queue_db()));
    const auto rescued = f.rescue();
    REQUIRE(rescued);
    CHECK(rescued->carried_over == kMessages);
  }
  CHECK(f.messages() == kMessages);
}

TEST_CASE("queued rescue: nothing is left beside the new file", "[queued]") {
  Fixture f;
  const auto before = f.disk.list(f.paths.root).value();
  REQUIRE(f.rescue());
  CHECK(f.disk.list(f.paths.root).value() == before);
}

TEST_CASE("queued rescue: a second damaged file does not take the place of the first",
          "[queued][slow]") {
  Fixture f;
  const auto first = f.rescue();
  const auto second = f.rescue();
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->kept != second->kept);
  CHECK(f.quarantined().size() == 2);
}

TEST_CASE("queued rescue: a mark without its file goes, and a new queue.db is begun", "[queued]") {
  Fixture f;
  REQUIRE(mark_damaged(f.disk, f.paths));
  REQUIRE(f.disk.remove(f.paths.queue_db()));
  REQUIRE(f.open(f.disk));
  CHECK(is_marked_damaged(f.disk, f.paths) == false);
  CHECK(f.quarantined().empty());
  CHECK(f.messages() == 0);
}

TEST_CASE("queued rescue: a file that cannot be looked at is not taken for missing", "[queued]") {
  struct Blind final : test::ForwardingDisk {
    Result<Fd> open(const std::string& path, Mode mode) override {
      if (path == hidden) return fail(ErrorKind::temporary, path + ": Too many open files");
      return ForwardingDisk::open(path, mode);
    }
    std::string hidden;
  };
  Fixture f;
  REQUIRE(mark_damaged(f.disk, f.paths));
  const bool made_whole = GENERATE(false, true);
  if (made_whole) std::filesystem::rename(f.paths.queue_db(), f.paths.queue_db_whole());
  Blind disk;
  disk.hidden = made_whole ? f.paths.queue_db_whole() : f.paths.queue_db_damaged();
  const auto opened = f.open(disk);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().kind == ErrorKind::temporary);
  CHECK(exists(f.paths.queue_db()) != made_whole);
  REQUIRE(f.open(f.disk));
  CHECK(f.messages() == kMessages);
}

TEST_CASE("queued rescue: a damaged queue.db of a newer release is refused and left as it is",
          "[queued]") {
  Fixture f;
  {
    auto database = sqlite::Database::open(f.paths.queue_db(), sqlite::Access::write);
    REQUIRE(database->execute("PRAGMA user_version = 99"));
  }
  const std::string before = read(f.paths.queue_db());
  CHECK(f.rescue().error().kind == ErrorKind::invalid);
  CHECK(read(f.paths.queue_db()) == before);
}

TEST_CASE("queued rescue: what an operator has paused stays paused", "[queued]") {
  Fixture f;
  {
    auto store = Store::open(f.disk, f.paths);
    REQUIRE(store);
    REQUIRE((*store)->pause({.destination = "mx:far.test", .user = "olga", .why = "why not"}, {}));
  }
  if (GENERATE(false, true)) {
    auto database = sqlite::Database::open(f.paths.queue_db(), sqlite::Access::write);
    REQUIRE(database);
    REQUIRE(database->execute("DROP TABLE recipient; DROP TABLE message"));
  }
  REQUIRE(f.rescue());
  auto store = Store::open(f.disk, f.paths);
  REQUIRE(store);
  const auto pauses = (*store)->pauses();
  REQUIRE(pauses);
  REQUIRE(pauses->size() == 1);
  CHECK(pauses->front().destination == "mx:far.test");
  CHECK(pauses->front().why == "why not");
}

}  // namespace queued_rescue_test
