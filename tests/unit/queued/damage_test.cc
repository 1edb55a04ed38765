// What queued does with damage: it is kept for people and told, and all else goes on.
#include <algorithm>
#include <fstream>

#include "common/spool/segment_reader.h"
#include "tests/unit/queued/fixture.h"
#include "tests/unit/spool/fixture.h"

namespace queued_damage_test {

using namespace postrider;
using namespace std::chrono_literals;
using test::QueueFixture;
using Lines = std::vector<std::string>;

namespace {

constexpr const char* kDamaged = "the message was damaged on the disk of this server";

// As deliverd does: what does not match the job's checksum is corrupt.
void answer_truly(QueueFixture& f) {
  f.answer = [&f](const ipc::Job& job, const ipc::JobRecipient&) {
    const bool whole = spool::checksum(f.content_of(job)) == job.checksum();
    return QueueFixture::result(whole ? ipc::DELIVERED : ipc::CORRUPT, "");
  };
}

void defer_all(QueueFixture& f) {
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::DEFERRED, "451 later");
  };
}

}  // namespace

TEST_CASE("queued damage: a damaged content is kept, its sender is told, the rest goes on",
          "[queued]") {
  QueueFixture f;
  const std::size_t size = GENERATE(30U, 200'000U);
  const bool old = GENERATE(false, true);
  const std::string content(size, 'x');
  const std::string id = f.accept("a@x.test", {"bob@local.test"}, content);
  const MessageId parsed = *MessageId::parse(id);
  if (old) {
    defer_all(f);
    f.settle();
  }
  answer_truly(f);
  // In the young generation only what was taken in before can be met as damaged at its delivery.
  f.life->intake.scan();
  f.life->queue.wake();
  if (old) {
    test::flip(f.paths.deferred(parsed), 17);
    f.clock.advance(34min);
  } else if (size > 100'000) {
    test::flip(f.paths.large(parsed), 17);
  } else {
    const auto segment = f.paths.segment(f.files(f.paths.incoming()).front());
    test::flip(segment, std::filesystem::file_size(segment) - spool::kRecordHeaderSize - 20);
  }
  f.accept("a@x.test", {"carol@local.test"});
  f.settle();
  CHECK(f.files(f.paths.quarantine()) == Lines{id});
  const auto kept = std::filesystem::file_size(f.paths.quarantine() + '/' + id);
  CHECK((old || size > 100'000 ? kept == size : kept > size && kept < size + 300));
  CHECK(f.life->reports.sent ==
        Lines{std::string("failed to a@x.test about bob@local.test: ") + kDamaged});
  CHECK(std::count(f.attempts.begin(), f.attempts.end(), "local: carol@local.test") == 1);
  CHECK(f.files(f.paths.incoming()).empty());
  CHECK(f.files(f.paths.large()).empty());
  CHECK_FALSE(std::filesystem::exists(f.paths.deferred(parsed)));
  CHECK(f.life->queue.active() == 0);
  CHECK(f.logged.find("event=message_corrupt id=" + id) != std::string::npos);
  CHECK(f.logged.find("event=bounced id=" + id) != std::string::npos);
}

TEST_CASE("queued: of what fails its checksum the record alone is copied to quarantine",
          "[queued]") {
  QueueFixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::CORRUPT, "");
  };
  const std::string id = f.accept("a@x.test", {"bob@local.test"}, "Subject: first\r\n\r\n");
  const auto segment = f.paths.segment(f.files(f.paths.incoming()).front());
  const auto with_seal = std::filesystem::file_size(segment);
  f.settle();
  CHECK(std::filesystem::file_size(f.paths.quarantine() + '/' + id) ==
        with_seal - spool::kSegmentHeaderSize - spool::kRecordHeaderSize);
}

TEST_CASE("queued damage: what cannot be kept is not finished until it can", "[queued]") {
  QueueFixture f;
  f.answer = [](const ipc::Job&, const ipc::JobRecipient&) {
    return QueueFixture::result(ipc::CORRUPT, "");
  };
  REQUIRE(std::filesystem::remove(f.paths.quarantine()));
  { const std::ofstream in_the_way(f.paths.quarantine()); }
  const std::string id = f.accept("a@x.test", {"bob@local.test"});
  f.settle();
  CHECK(f.life->reports.sent.empty());
  CHECK(f.life->queue.active() == 1);

  REQUIRE(std::filesystem::remove(f.paths.quarantine()));
  f.clock.advance(queued::Queue::kWriteRetry);
  f.settle();
  CHECK(f.files(f.paths.quarantine()) == Lines{id});
  CHECK(f.life->reports.sent.size() == 1);
  CHECK(f.life->queue.active() == 0);
}

TEST_CASE("queued damage: a record that cannot be kept keeps its segment until it can",
          "[queued]") {
  QueueFixture f;
  f.accept("a@x.test", {"bob@local.test"});
  const std::string segment = f.files(f.paths.incoming()).front();
  test::flip(f.paths.segment(segment), spool::kSegmentHeaderSize + 60);
  REQUIRE(std::filesystem::remove(f.paths.quarantine()));
  { const std::ofstream in_the_way(f.paths.quarantine()); }
  f.settle();
  CHECK(f.files(f.paths.incoming()) == Lines{segment});

  REQUIRE(std::filesystem::remove(f.paths.quarantine()));
  f.begin_life();
  f.settle();
  CHECK(f.files(f.paths.incoming()).empty());
  CHECK(f.files(f.paths.quarantine()) == Lines{segment + "@32"});
}

TEST_CASE("queued damage: a segment that cannot be set aside is told once", "[queued]") {
  QueueFixture f;
  f.accept("a@x.test", {"bob@local.test"});
  const std::string segment = f.files(f.paths.incoming()).front();
  test::flip(f.paths.segment(segment), 3);
  REQUIRE(std::filesystem::remove(f.paths.quarantine()));
  { const std::ofstream in_the_way(f.paths.quarantine()); }
  for (int look = 0; look < 3; ++look) {
    f.settle();
    f.clock.advance(10s);
  }
  const std::string told = "event=quarantine_failed";
  CHECK(f.logged.find(told) != std::string::npos);
  CHECK(f.logged.find(told) == f.logged.rfind(told));
  REQUIRE(std::filesystem::remove(f.paths.quarantine()));
  f.settle();
  CHECK(f.files(f.paths.quarantine()) == Lines{segment});
}

TEST_CASE("queued damage: one that cannot be promoted keeps no other back", "[queued]") {
  QueueFixture f;
  const std::string bad = f.accept("a@x.test", {"b@far.test"});
  const auto segment = f.paths.segment(f.files(f.paths.incoming()).front());
  const std::string good = f.accept("a@x.test", {"c@far.test"});
  f.answer = [&](const ipc::Job& job, const ipc::JobRecipient&) {
    if (job.message_id() == bad)
      test::flip(segment, std::filesystem::file_size(segment) - spool::kRecordHeaderSize - 10);
    return QueueFixture::result(ipc::DEFERRED, "451 later");
  };
  f.settle();
  CHECK(f.files(f.paths.deferred_folder(*MessageId::parse(good))) == Lines{good});
  CHECK(f.files(f.paths.quarantine()) == Lines{bad});
  CHECK(f.life->reports.sent ==
        Lines{std::string("failed to a@x.test about b@far.test: ") + kDamaged});
  CHECK(f.life->queue.active() == 0);
}

TEST_CASE("queued: a damaged record is set aside, and the rest goes on", "[queued]") {
  QueueFixture f;
  f.accept("a@x.test", {"bob@local.test"});
  const std::string path = f.paths.segment(f.files(f.paths.incoming()).front());
  std::string bytes(std::filesystem::file_size(path), '\0');
  {
    auto fd = spool::system_disk().open(path, spool::Disk::Mode::read);
    REQUIRE(spool::system_disk().read(fd->get(), 0, bytes));
  }
  bytes[spool::kSegmentHeaderSize + 50] ^= 1;
  REQUIRE(spool::system_disk().remove(path));
  auto fd = spool::system_disk().open(path, spool::Disk::Mode::create_new);
  iovec part{bytes.data(), bytes.size()};
  REQUIRE(spool::system_disk().append(fd->get(), {&part, 1}));
  fd->reset();
  f.accept("a@x.test", {"carol@local.test"});
  f.settle();
  CHECK(f.attempts == Lines{"local: carol@local.test"});
  CHECK(f.files(f.paths.quarantine()).size() == 1);
  CHECK(f.logged.find("event=record_corrupt") != std::string::npos);
}

TEST_CASE("queued damage: a segment of a newer version is left alone, and told once", "[queued]") {
  QueueFixture f;
  f.accept("a@x.test", {"bob@local.test"});
  const auto path = f.paths.segment(f.files(f.paths.incoming()).front());
  test::make_newer(path);
  for (int look = 0; look < 3; ++look) {
    f.settle();
    f.clock.advance(10s);
  }
  CHECK(f.attempts.empty());
  CHECK(std::filesystem::exists(path));
  CHECK(f.files(f.paths.quarantine()).empty());
  const std::string told = "event=segment_unreadable";
  CHECK(f.logged.find(told) != std::string::npos);
  CHECK(f.logged.find(told) == f.logged.rfind(told));
  CHECK(f.logged.find("is of version 2") != std::string::npos);
}

TEST_CASE("queued damage: an orphan is kept where a damaged record may have spoken of it",
          "[queued]") {
  QueueFixture f;
  const bool damaged = GENERATE(false, true);
  const std::string id = f.accept("a@x.test", {"bob@local.test"}, std::string(200'000, 'x'));
  const auto segment = f.paths.segment(f.files(f.paths.incoming()).front());
  if (damaged) {
    test::flip(segment, spool::kSegmentHeaderSize + 9);
  } else {
    REQUIRE(std::filesystem::remove(segment));
  }
  f.settle();
  f.clock.advance(25h);
  f.life->intake.scan();
  CHECK(f.files(f.paths.large()).empty());
  const Lines kept = f.files(f.paths.quarantine());
  CHECK((std::find(kept.begin(), kept.end(), id) != kept.end()) == damaged);
}

TEST_CASE("queued damage: a queue.db found damaged takes in no more, and nothing is lost",
          "[queued]") {
  QueueFixture f;
  int told = 0;
  f.life->store.set_on_damaged([&] { ++told; });
  defer_all(f);
  f.life->store.note_damage();
  f.life->store.note_damage();
  const std::string id = f.accept("a@x.test", {"b@far.test"});
  f.settle();
  CHECK(told == 1);
  CHECK(f.attempts.size() == 1);
  CHECK(f.life->queue.active() == 1);
  CHECK_FALSE(std::filesystem::exists(f.paths.deferred(*MessageId::parse(id))));

  f.begin_life();  // with a database that is whole
  f.settle();
  CHECK(f.attempts.size() == 2);
  CHECK(std::filesystem::exists(f.paths.deferred(*MessageId::parse(id))));
  CHECK(f.life->queue.active() == 0);
}

TEST_CASE("queued damage: of a content that is damaged before it is read the sender is told",
          "[queued]") {
  QueueFixture f;
  const bool acknowledged = GENERATE(false, true);
  const std::string content(5'000, 'x');
  const std::string id = f.accept("a@x.test", {"bob@local.test"}, content);
  const auto segment = f.paths.segment(f.files(f.paths.incoming()).front());
  const auto size = std::filesystem::file_size(segment);
  test::flip(segment, size - spool::kRecordHeaderSize - 20);
  // A seal says that all before it was durable: the client has its 250.
  if (!acknowledged) std::filesystem::resize_file(segment, size - spool::kRecordHeaderSize);
  f.accept("a@x.test", {"carol@local.test"});
  f.settle();
  CHECK(f.attempts == Lines{"local: carol@local.test"});
  CHECK(f.life->reports.sent ==
        (acknowledged ? Lines{std::string("failed to a@x.test about bob@local.test: ") + kDamaged}
                      : Lines{}));
  CHECK(f.files(f.paths.quarantine()).size() == 1);
  CHECK((f.logged.find("event=message_corrupt id=" + id) != std::string::npos) == acknowledged);
  CHECK((f.logged.find("most likely a crash cut it off") != std::string::npos) == !acknowledged);
  f.settle();  // the next look removes what was finished while others were read
  CHECK(f.files(f.paths.incoming()).empty());
  CHECK(f.life->queue.active() == 0);
}

}  // namespace queued_damage_test
