// spool_copy_property.cc - the copy of a spool, of which the messages move to another state at each
// of the calls that the copying makes of the disk.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <set>

#include <fmt/format.h>

#include "common/spool/done_file.h"
#include "common/spool/queue_schema.h"
#include "common/sqlite/sqlite.h"
#include "ctl/backup/spool_copy.h"
#include "ctl/verify/spool_walk.h"
#include "tests/unit/spool/fixture.h"
#include "tests/unit/spool/forwarding_disk.h"

using namespace postrider;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLarge = 300;
// More than the copying makes of this spool.
constexpr int kCalls = 120;

// Calls `on_call` with the number of each.
class CountingDisk final : public test::ForwardingDisk {
 public:
  Result<Fd> open(const std::string& path, Mode mode) override {
    count();
    if (on_open && !inside_)
      if (auto fails = on_open(path); !fails) return pass_on(fails.error());
    return ForwardingDisk::open(path, mode);
  }
  Result<std::size_t> read(int fd, std::uint64_t offset, std::span<char> to) override {
    count();
    return ForwardingDisk::read(fd, offset, to);
  }
  Result<std::uint64_t> size(int fd) override {
    count();
    return ForwardingDisk::size(fd);
  }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    count();
    return ForwardingDisk::list(directory);
  }

  std::function<void(int)> on_call;
  std::function<Result<void>(const std::string& path)> on_open;
  int calls = 0;

 private:
  void count() {
    if (!on_call || inside_) return;
    inside_ = true;  // what it does itself is not counted
    on_call(++calls);
    inside_ = false;
  }
  bool inside_ = false;
};

struct Message {
  MessageId id;
  std::uint64_t record = 0;
  bool large = false;
  std::string content;
};

// A spool in which queued's steps are in the hand of the test.
struct Fixture : test::SpoolFixture {
  Fixture() {
    options.large_message = kLarge;
    for (const std::string& folder : {paths.deferred(), paths.quarantine()})
      REQUIRE(spool::system_disk().make_directory(folder));
    auto opened = sqlite::Database::open(paths.queue_db(), sqlite::Access::create);
    REQUIRE(opened);
    REQUIRE(opened->migrate(spool::kQueueSchema));
    database.emplace(std::move(*opened));
  }

  Message add(std::size_t size) {
    const std::string content(size, 'x');
    REQUIRE(accept(content));
    auto reader = spool::SegmentReader::open(disk, paths, progress.segment);
    REQUIRE(reader);
    salt = (*reader)->salt();
    Message last;
    while (true) {
      auto step = (*reader)->next(progress.durable, false);
      REQUIRE(step);
      const auto* const record = std::get_if<spool::SegmentReader::Record>(&*step);
      if (record == nullptr) break;
      last = {record->id, record->offset, record->large, content};
    }
    return last;
  }

  void note(const Message& message, spool::DoneKind kind) {
    REQUIRE(spool::DoneFile(spool::system_disk(), paths, progress.segment, salt)
                .append({{.record = message.record, .kind = kind}}, false));
    if (message.large) fs::remove(paths.large(message.id));
  }

  void promote(const Message& message) {
    fs::create_directories(paths.deferred_folder(message.id));
    std::ofstream(paths.deferred(message.id)) << message.content;
    const std::string id = message.id.str();
    auto insert =
        database->prepare("INSERT INTO message VALUES (?1,?2,x'',1,?3,?4,0,1,1,0,0,0,'','',0,0)");
    REQUIRE(insert);
    spool::Envelope envelope;
    envelope.set_id(id);
    const std::string octets = envelope.SerializeAsString();
    REQUIRE(insert
                ->bind(std::string_view(id), sqlite::Blob{octets}, message.content.size(),
                       spool::checksum(message.content))
                .run());
    REQUIRE(database->execute("INSERT INTO recipient VALUES ('" + id +
                              "',x'62','',x'','',x'',0,'','',x'','','')"));
    note(message, spool::DoneKind::promoted);
  }

  void finish_old(const Message& message) {
    REQUIRE(database->execute("DELETE FROM message WHERE id='" + message.id.str() + "'"));
    fs::remove(paths.deferred(message.id));
  }

  void retire_segment() {
    fs::remove(segment_path());
    fs::remove(paths.done(progress.segment));
  }

  // Copies, and looks whether the copy is a spool in which nothing is wrong.
  void copy() {
    ctl::backup::Progress shown(false);
    auto draft = ctl::backup::Draft::begin(directory.path("backup"), shown);
    REQUIRE(draft);
    REQUIRE(ctl::backup::copy_spool(disk, paths, **draft));
    CHECK((*draft)->problems().told().empty());
    const spool::Paths copied{(*draft)->at("spool")};
    ctl::SpoolWalk walk(
        spool::system_disk(), copied, [] {},
        [](const ctl::Finding& finding) { FAIL_CHECK(finding.where + ": " + finding.reason); });
    REQUIRE(walk.run());
    read_copy(copied);
  }

  // The messages that a queued would still deliver from the copy.
  void read_copy(const spool::Paths& copied) {
    waiting.clear();
    spool::Disk& system = spool::system_disk();
    const auto names = system.list(copied.incoming());
    REQUIRE(names);
    for (const std::string& name : *names) {
      if (!name.ends_with(spool::kSegmentSuffix)) continue;
      auto reader = spool::SegmentReader::open(system, copied, name);
      REQUIRE(reader);
      std::set<std::uint64_t> closed;
      const auto done = spool::DoneFile::load(system, copied, name, (*reader)->salt());
      REQUIRE(done);
      for (const spool::DoneEntry& entry : done->entries) closed.insert(entry.record);
      while (true) {
        const auto step = (*reader)->next((*reader)->size().value(), true);
        REQUIRE(step);
        if (std::holds_alternative<spool::SegmentReader::NoMore>(*step)) break;
        const auto* const record = std::get_if<spool::SegmentReader::Record>(&*step);
        if (record != nullptr && closed.count(record->offset) == 0)
          waiting.insert(record->id.str());
      }
    }
    auto rows = sqlite::Database::open(copied.queue_db(), sqlite::Access::read_still);
    REQUIRE(rows);
    auto ids = rows->prepare("SELECT id FROM message");
    REQUIRE(ids);
    while (ids->step().value()) waiting.emplace(ids->text(0));
  }

  bool waits(const Message& message) const { return waiting.count(message.id.str()) > 0; }

  CountingDisk disk;
  std::optional<sqlite::Database> database;
  std::uint64_t salt = 0;
  std::set<std::string> waiting;
};

struct Mail {
  explicit Mail(Fixture& f)
      : gone(f.add(100)),
        gone_large(f.add(kLarge)),
        old(f.add(100)),
        young(f.add(100)),
        young_large(f.add(kLarge + 1)) {
    f.note(gone, spool::DoneKind::finished);
    f.note(gone_large, spool::DoneKind::finished);
    f.promote(old);
  }
  Message gone, gone_large, old, young, young_large;
};

}  // namespace

TEST_CASE("spool copy: what waits is in it, what is finished is so in it", "[backup]") {
  Fixture f;
  const Mail mail(f);
  f.copy();
  CHECK(f.waiting.size() == 3);
  CHECK((f.waits(mail.old) && f.waits(mail.young) && f.waits(mail.young_large)));
}

TEST_CASE("spool copy: a message that is promoted at any moment is in it", "[backup]") {
  for (int at = 1; at <= kCalls; ++at) {
    Fixture f;
    const Mail mail(f);
    f.disk.on_call = [&](int number) {
      if (number != at) return;
      f.promote(mail.young);
      f.promote(mail.young_large);
    };
    f.copy();
    INFO("at call " << at);
    CHECK((f.waits(mail.old) && f.waits(mail.young) && f.waits(mail.young_large)));
    CHECK_FALSE((f.waits(mail.gone) || f.waits(mail.gone_large)));
    if (f.disk.calls < at) {
      CHECK(at > 15);  // or nothing was tried
      return;
    }
  }
  FAIL("more calls than were thought of");
}

TEST_CASE("spool copy: what ends at any moment leaves nothing that is wrong", "[backup]") {
  const int later = GENERATE(0, 1, 4, 15);
  for (int at = 1; at <= kCalls; ++at) {
    Fixture f;
    const Mail mail(f);
    f.disk.on_call = [&](int number) {
      if (number == at) {
        f.promote(mail.young);
        f.promote(mail.young_large);
      }
      if (number == at + later) {
        f.finish_old(mail.young);
        f.finish_old(mail.young_large);
        f.retire_segment();
      }
    };
    INFO("at call " << at << ", ends " << later << " later");
    f.copy();
    CHECK(f.waits(mail.old));
    CHECK_FALSE((f.waits(mail.gone) || f.waits(mail.gone_large)));
    if (f.disk.calls < at) return;
  }
  FAIL("more calls than were thought of");
}

TEST_CASE("spool copy: what is finished from the young generation leaves nothing that is wrong",
          "[backup]") {
  for (int at = 1; at <= kCalls; ++at) {
    Fixture f;
    const Mail mail(f);
    f.disk.on_call = [&](int number) {
      if (number != at) return;
      f.note(mail.young, spool::DoneKind::finished);
      f.note(mail.young_large, spool::DoneKind::finished);
      f.retire_segment();
    };
    INFO("at call " << at);
    f.copy();
    CHECK(f.waits(mail.old));
    CHECK_FALSE((f.waits(mail.gone) || f.waits(mail.gone_large)));
    if (f.disk.calls < at) return;
  }
  FAIL("more calls than were thought of");
}

TEST_CASE("spool copy: a report is in it when the message that it is about is not", "[backup]") {
  for (int at = 1; at <= kCalls; ++at) {
    Fixture f;
    const Mail mail(f);
    std::optional<Message> report;
    f.disk.on_call = [&](int number) {
      if (number != at) return;
      report = f.add(50);
      f.finish_old(mail.old);
    };
    INFO("at call " << at);
    f.copy();
    CHECK((f.waits(mail.young) && f.waits(mail.young_large)));
    if (report) CHECK((f.waits(*report) || f.waits(mail.old)));
    if (!report) return;
  }
  FAIL("more calls than were thought of");
}

TEST_CASE("spool copy: a report that is promoted at once, its segment gone, is in it", "[backup]") {
  const int later = GENERATE(0, 1, 2, 3, 5, 9);
  for (int at = 1; at <= kCalls; ++at) {
    Fixture f;
    const Mail mail(f);
    std::optional<Message> report;
    f.disk.on_call = [&](int number) {
      if (number == at) {
        f.promote(mail.young);
        f.promote(mail.young_large);
      }
      if (number != at + later) return;
      report = f.add(50);
      for (const Message* const message : {&mail.old, &mail.young, &mail.young_large})
        f.finish_old(*message);
      f.promote(*report);
      f.retire_segment();
    };
    INFO("at call " << at << ", ends " << later << " later");
    f.copy();
    for (const Message* const message : {&mail.old, &mail.young, &mail.young_large})
      if (report) CHECK((f.waits(*report) || f.waits(*message)));
    CHECK_FALSE((f.waits(mail.gone) || f.waits(mail.gone_large)));
    if (!report) return;
  }
  FAIL("more calls than were thought of");
}

TEST_CASE("spool copy: what a living writer has not finished is cut off, of a dead one it stays",
          "[backup]") {
  Fixture f;
  const Mail mail(f);
  const auto whole = fs::file_size(f.segment_path());
  std::ofstream(f.segment_path(), std::ios::app) << std::string(100, 'y');
  ctl::backup::Progress shown(false);
  const auto copied_size = [&] {
    auto draft = ctl::backup::Draft::begin(f.directory.path("backup"), shown);
    REQUIRE(draft);
    REQUIRE(ctl::backup::copy_spool(f.disk, f.paths, **draft));
    return fs::file_size((*draft)->at("spool/incoming/" + f.progress.segment));
  };
  CHECK(copied_size() == whole);
  f.writer_.reset();
  CHECK(copied_size() >= whole + 100);
}

TEST_CASE("spool copy: damage in the midst of a segment is told once, and copied as it is",
          "[backup]") {
  Fixture f;
  const Message damaged = f.add(100);
  const Message whole = f.add(100);
  {
    std::fstream file(f.segment_path(), std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(whole.record - 20));
    file.put('y');
  }
  ctl::backup::Progress shown(false);
  auto draft = ctl::backup::Draft::begin(f.directory.path("backup"), shown);
  REQUIRE(draft);
  REQUIRE(ctl::backup::copy_spool(f.disk, f.paths, **draft));
  REQUIRE((*draft)->problems().count() == 1);
  CHECK((*draft)->problems().told().front().starts_with(
      fmt::format("{}@{}: ", f.segment_path(), damaged.record)));
  f.read_copy({(*draft)->at("spool")});
  CHECK(f.waits(whole));
}

TEST_CASE("spool copy: a segment that cannot be opened is told with its name", "[backup]") {
  Fixture f;
  f.add(100);
  const std::string cut = f.paths.segment("0cut" + std::string(spool::kSegmentSuffix));
  std::ofstream(cut) << "POST";
  ctl::backup::Progress shown(false);
  auto draft = ctl::backup::Draft::begin(f.directory.path("backup"), shown);
  REQUIRE(draft);
  REQUIRE(ctl::backup::copy_spool(f.disk, f.paths, **draft));
  REQUIRE((*draft)->problems().count() == 1);
  CHECK((*draft)->problems().told().front().starts_with(cut + ": "));
}

TEST_CASE("spool copy: a segment that cannot be read at a later look ends the backup", "[backup]") {
  Fixture f;
  const Mail mail(f);
  constexpr int kOfFirstLook = 2;  // to read it, and for its lock
  int opened = 0;
  f.disk.on_open = [&](const std::string& path) -> Result<void> {
    if (path != f.segment_path() || ++opened <= kOfFirstLook) return {};
    return fail(ErrorKind::temporary, path + ": Input/output error");
  };
  ctl::backup::Progress shown(false);
  auto draft = ctl::backup::Draft::begin(f.directory.path("backup"), shown);
  REQUIRE(draft);
  const auto copied = ctl::backup::copy_spool(f.disk, f.paths, **draft);
  REQUIRE(opened > kOfFirstLook);
  REQUIRE_FALSE(copied);
  CHECK(copied.error().kind == ErrorKind::temporary);
}

TEST_CASE("spool copy: a FIFO in the place of queued's lock is waited for by nobody", "[backup]") {
  Fixture f;
  const Mail mail(f);
  REQUIRE(::mkfifo(f.paths.queued_lock().c_str(), 0600) == 0);
  f.copy();
  CHECK(f.waiting.size() == 3);
}
