// What the enumerations of power cuts and failing calls brought to light, one test each.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include <catch2/catch.hpp>

#include "common/base/directory.h"
#include "common/maildir/delivery.h"
#include "common/spool/done_file.h"
#include "common/spool/segment_file.h"
#include "common/spool/segment_reader.h"
#include "common/sqlite/sqlite.h"
#include "queued/intake.h"
#include "tests/crash/image.h"
#include "tests/crash/judgement.h"
#include "tests/crash/recorder.h"
#include "tests/crash/world.h"
#include "tests/unit/temp_directory.h"

using namespace postrider;
using namespace postrider::crash;

namespace {

constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};

// Does something to a directory, and gives what a power cut leaves of it when nothing survives that
// was not synced.
template <typename Act>
std::unique_ptr<test::TempDirectory> after_power_cut(Act act) {
  const test::TempDirectory before;
  Recorder::instance().begin(before.path());
  act(before.path());
  const History history = Recorder::instance().end();
  Image image(history.root);
  for (const Operation& operation : history.operations) image.apply(operation, {});
  image.cut({Fate::nothing});
  auto after = std::make_unique<test::TempDirectory>();
  image.write_to(after->path());
  return after;
}

// A spool with its folders, as its daemons find it.
spool::Paths make_spool(const std::string& root) {
  const spool::Paths paths{root + "/spool"};
  for (const std::string& folder : {paths.root, paths.incoming(), paths.large()})
    REQUIRE(require_writable_directory(folder));
  return paths;
}

std::unique_ptr<spool::SegmentFile> make_segment(const spool::Paths& paths) {
  auto segment = spool::SegmentFile::create(spool::system_disk(), paths, "smtpd0", kNow, 7);
  REQUIRE(segment);
  return std::move(*segment);
}

std::string envelope() {
  spool::Envelope envelope;
  envelope.set_id("0123456789abcdefghij");
  envelope.add_recipients()->set_address("ann@local.test");
  return envelope.SerializeAsString();
}

Result<void> append(spool::SegmentFile& segment) {
  const std::string bytes = envelope();
  return segment.append({{.envelope = bytes, .content_checksum = spool::checksum({})}});
}

maildir::DeliveryResult<maildir::Placed> deliver(int mail, maildir::Delivery::Attempt attempt) {
  auto delivery =
      maildir::Delivery::begin({.mail_directory = mail,
                                .mailbox_path = "local.test/ann/Maildir",
                                .base = "1800000000.0123456789abcdefghij0123456789abcdef.mx"});
  REQUIRE(delivery);
  REQUIRE(delivery->append("all of it\n"));
  return delivery->commit(attempt, maildir::Sync::none);
}

}  // namespace

TEST_CASE("regression: the folder that a daemon asked for outlives the power", "[crash]") {
  const auto after = after_power_cut(
      [](const std::string& root) { REQUIRE(require_writable_directory(root + "/spool")); });
  CHECK(::access(after->path("spool").c_str(), F_OK) == 0);
}

TEST_CASE("regression: synced entries are there after a power cut, with the file's name",
          "[crash]") {
  const auto after = after_power_cut([](const std::string& root) {
    spool::DoneFile done(spool::system_disk(), make_spool(root), "s.seg", 7);
    REQUIRE(done.append({{.record = 32}}, false));
    REQUIRE(done.append({{.record = 80, .kind = spool::DoneKind::promoted}}, true));
  });
  const auto loaded =
      spool::DoneFile::load(spool::system_disk(), {after->path("spool")}, "s.seg", 7);
  REQUIRE(loaded);
  CHECK(loaded->entries.size() == 2);
}

TEST_CASE("regression: a repeated delivery mends what a failed sync lost", "[crash]") {
  const auto after = after_power_cut([](const std::string& root) {
    REQUIRE(require_writable_directory(mail_of(root)));
    const Fd mail(::open(mail_of(root).c_str(), O_RDONLY | O_DIRECTORY));
    REQUIRE(deliver(mail.get(), maildir::Delivery::Attempt::first));
    Recorder::instance().set_fault({.error = EIO});
    REQUIRE(::syncfs(mail.get()) != 0);
    REQUIRE(deliver(mail.get(), maildir::Delivery::Attempt::repeated));
    REQUIRE(::syncfs(mail.get()) == 0);
  });
  CHECK(read_maildrop(after->path(), "ann@local.test").messages ==
        std::vector<std::string>{"all of it\r\n"});
}

TEST_CASE("regression: refused records stay locked until they are cut off", "[crash]") {
  const test::TempDirectory root;
  const spool::Paths paths = make_spool(root.path());
  Recorder::instance().begin(paths.incoming());
  auto segment = make_segment(paths);
  REQUIRE(append(*segment));
  Recorder::instance().set_fault(
      {.call = Recorder::instance().calls().size() + 1, .error = EIO, .lasting = true});
  REQUIRE_FALSE(append(*segment));
  CHECK(segment->needs_cut());
  Recorder::instance().heal();
  auto reader = spool::SegmentReader::open(spool::system_disk(), paths, segment->name());
  REQUIRE(reader);
  CHECK((*reader)->size().value() > segment->durable());
  CHECK((*reader)->writer_is_gone() == false);

  REQUIRE(segment->cut());
  CHECK_FALSE(segment->needs_cut());
  CHECK((*reader)->size() == segment->durable());
  static_cast<void>(Recorder::instance().end());
}

TEST_CASE("regression: a notice is heard again when its segment could not be opened", "[crash]") {
  const test::TempDirectory root;
  const spool::Paths paths = make_spool(root.path());
  const auto segment = make_segment(paths);
  REQUIRE(append(*segment));
  const ManualClock clock;
  log::Logger log("test", log::Level::error, log::Format::logfmt, clock, [](std::string_view) {});
  metrics::Counters counters;
  queued::Intake intake(spool::system_disk(), paths, clock, log, counters,
                        [](const MessageId&) { return false; });
  Recorder::instance().begin(paths.incoming());
  Recorder::instance().set_fault({.error = EMFILE});
  intake.on_progress({.segment = segment->name(), .durable = segment->durable()});
  CHECK(intake.next() == nullptr);
  intake.scan();
  CHECK(intake.next() != nullptr);
  static_cast<void>(Recorder::instance().end());
}

TEST_CASE("regression: while queue.db cannot be asked, what it may have is not attempted",
          "[crash]") {
  const test::TempDirectory root;
  const spool::Paths paths = make_spool(root.path());
  REQUIRE(append(*make_segment(paths)));
  const ManualClock clock;
  log::Logger log("test", log::Level::error, log::Format::logfmt, clock, [](std::string_view) {});
  metrics::Counters counters;
  std::optional<bool> answer;
  queued::Intake intake(spool::system_disk(), paths, clock, log, counters, [&](const MessageId&) {
    return answer ? Result<bool>(*answer) : fail(ErrorKind::temporary, "disk I/O error");
  });
  intake.scan();
  CHECK(intake.next() == nullptr);
  answer = GENERATE(true, false);
  CHECK(intake.next() == nullptr);  // asked again at the next look, not for every message
  intake.scan();
  CHECK((intake.next() != nullptr) == !*answer);
}

TEST_CASE("regression: a database that the disk does not give is not taken for damaged",
          "[crash]") {
  const test::TempDirectory root;
  const std::string path = root.path("t.db");
  {
    auto database = sqlite::Database::open(path, sqlite::Access::create);
    REQUIRE(database);
    REQUIRE(database->execute("CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(100000))"));
  }
  Recorder::instance().begin(root.path());
  const auto failed = [&](std::size_t call) -> std::optional<ErrorKind> {
    Recorder::instance().set_fault(
        {.call = Recorder::instance().calls().size() + call, .error = EIO});
    auto database = sqlite::Database::open(path, sqlite::Access::read);
    if (!database) return database.error().kind;
    CHECK_FALSE(database->damaged());
    const auto read = database->execute("SELECT sum(length(hex(x))) FROM t");
    CHECK_FALSE(database->damaged());
    return read ? std::nullopt : std::optional(read.error().kind);
  };
  std::size_t failures = 0;
  for (std::size_t call = 0; const auto kind = failed(call); ++call, ++failures)
    CHECK(*kind == ErrorKind::temporary);
  CHECK(failures > 20);
  static_cast<void>(Recorder::instance().end());
}

TEST_CASE("regression: a large file is no orphan while a segment cannot be opened", "[crash]") {
  const test::TempDirectory root;
  const spool::Paths paths = make_spool(root.path());
  const std::string large = paths.large(*MessageId::parse("0123456789abcdefghij"));
  static_cast<void>(::close(::open(large.c_str(), O_CREAT | O_WRONLY, 0600)));
  const std::string bytes = envelope();
  REQUIRE(make_segment(paths)->append(
      {{.kind = spool::RecordKind::large_message, .envelope = bytes, .content_length = 1}}));
  const ManualClock clock;
  log::Logger log("test", log::Level::error, log::Format::logfmt, clock, [](std::string_view) {});
  metrics::Counters counters;
  queued::Intake intake(spool::system_disk(), paths, clock, log, counters,
                        [](const MessageId&) { return false; });
  Recorder::instance().begin(root.path());
  Recorder::instance().set_fault({.error = EMFILE});
  intake.scan();
  CHECK(::access(large.c_str(), F_OK) == 0);
  intake.scan();
  CHECK(intake.next() != nullptr);
  CHECK(::access(large.c_str(), F_OK) == 0);
  static_cast<void>(Recorder::instance().end());
}
