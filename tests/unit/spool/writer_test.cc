#include "common/spool/writer.h"

#include "tests/unit/monotonic_clock.h"
#include "tests/unit/spool/fixture.h"
#include "tests/unit/spool/forwarding_disk.h"

namespace spool_writer_test {

using namespace postrider;
using namespace postrider::spool;
using namespace std::chrono_literals;
using Fixture = test::SpoolFixture;

TEST_CASE("spool writer: what was acknowledged is in the segment, and the end seals it",
          "[spool]") {
  Fixture f;
  REQUIRE(f.accept("one\r\n"));
  REQUIRE(f.accept("second\r\n"));
  CHECK(f.read_all() == std::vector<std::string>{"message 5", "message 8"});
  f.writer_.reset();
  CHECK(f.read_all() == std::vector<std::string>{"message 5", "message 8", "seal"});
}

TEST_CASE("spool writer: commits are counted, and those that fail", "[spool]") {
  Fixture f;
  auto draft = f.writer().begin(0);
  REQUIRE(draft);
  for (const std::string& folder : {f.paths.large(), f.paths.incoming()})
    REQUIRE(::rmdir(folder.c_str()) == 0);
  REQUIRE_FALSE(f.commit(std::move(*draft)));
  CHECK(f.counters.value(metrics::Counter::spool_commit_failures) == 1);
  for (const std::string& folder : {f.paths.incoming(), f.paths.large()})
    REQUIRE(system_disk().make_directory(folder));
  REQUIRE(f.accept("one\r\n"));
  REQUIRE(f.accept("second\r\n"));
  CHECK(f.counters.value(metrics::Counter::spool_commits) == 2);
  CHECK(f.counters.value(metrics::Counter::spool_commit_failures) == 1);
}

TEST_CASE("spool writer: a large message has a file of its own, with its checksum", "[spool]") {
  Fixture f;
  f.options.large_message = 100;
  const std::string content(1000, 'x');
  REQUIRE(f.accept(content));
  CHECK(f.read_all() == std::vector<std::string>{"large 1000"});
  const auto files = system_disk().list(f.paths.large()).value();
  REQUIRE(files.size() == 1);
}

TEST_CASE("spool writer: a draft that is dropped leaves nothing behind", "[spool]") {
  Fixture f;
  f.options.large_message = 10;
  auto draft = f.writer().begin(0);
  REQUIRE(draft);
  REQUIRE((*draft)->append("more than ten octets"));
  CHECK(system_disk().list(f.paths.large()).value().size() == 1);
  draft->reset();
  CHECK(system_disk().list(f.paths.large()).value().empty());
  CHECK(system_disk().list(f.paths.incoming()).value().empty());
}

TEST_CASE("spool writer: too little space refuses the beginning with a reason", "[spool]") {
  Fixture f;
  f.options.min_free = std::uint64_t{1} << 60U;
  const auto draft = f.writer().begin(1);
  REQUIRE_FALSE(draft);
  CHECK(draft.error().kind == ErrorKind::temporary);
  CHECK(draft.error().text.find("spool.min_free") != std::string::npos);
}

TEST_CASE("spool writer: a large message that comes in pieces is written in portions", "[spool]") {
  struct CountingDisk final : test::ForwardingDisk {
    Result<void> append(int fd, std::span<iovec> parts) override {
      ++appended;
      return test::ForwardingDisk::append(fd, parts);
    }
    Result<std::uint64_t> free_space(const std::string& /*directory*/) override { return space; }
    int appended = 0;
    std::uint64_t space = std::uint64_t{1} << 40U;
  } disk;
  Fixture f;
  f.options.min_free = 1000;
  f.writer_ =
      std::make_unique<Writer>(f.loop, disk, f.options, f.clock, f.random, f.log, f.counters,
                               [&](const SegmentProgress& p) { f.progress = p; });
  auto draft = f.writer().begin(0);
  REQUIRE(draft);

  SECTION("and is whole") {
    constexpr int kLines = 300'000;
    for (int i = 0; i < kLines; ++i) REQUIRE((*draft)->append(".\r\n"));
    CHECK((*draft)->size() == 3 * kLines);
    CHECK(disk.appended < 30);
    REQUIRE(f.commit(std::move(*draft)));
    CHECK(f.read_all() == std::vector<std::string>{"large 900000"});
    CHECK(system_disk().list(f.paths.large()).value().size() == 1);
  }

  SECTION("and ends where the disk has no room any more") {
    const std::string piece(100'000, 'x');
    disk.space = 1'000'000;
    test::pass_time(2s);
    f.loop.defer([&] { f.loop.stop(); });
    f.loop.run();
    int taken = 0;
    while (taken < 20 && (*draft)->append(piece)) ++taken;
    CHECK(taken >= 9);
    CHECK(taken < 12);
    const auto more = (*draft)->append(piece);
    REQUIRE_FALSE(more);
    CHECK(more.error().kind == ErrorKind::temporary);
    CHECK(more.error().text.find("spool.min_free") != std::string::npos);
    CHECK(f.logged.find("event=spool_full ") != std::string::npos);
    CHECK(f.logged.find("event=large_message_not_written ") == std::string::npos);
  }

  SECTION("and its last portion has to find room as well") {
    REQUIRE((*draft)->append(std::string(f.options.large_message, 'x')));
    REQUIRE((*draft)->append("the end"));
    disk.space = 0;
    test::pass_time(2s);
    f.loop.defer([&] { f.loop.stop(); });
    f.loop.run();
    const auto committed = f.commit(std::move(*draft));
    REQUIRE_FALSE(committed);
    CHECK(committed.error().kind == ErrorKind::temporary);
    CHECK(committed.error().text.find("spool.min_free") != std::string::npos);
    CHECK(system_disk().list(f.paths.large()).value().empty());
  }
}

TEST_CASE("spool writer: a segment that is full or old is sealed, and the next is begun",
          "[spool]") {
  Fixture f;
  f.options.segment_size = 1000;
  REQUIRE(f.accept(std::string(2000, 'y')));
  const std::string first = f.progress.segment;
  f.clock.advance(1us);
  REQUIRE(f.accept("short\r\n"));
  CHECK(f.progress.segment != first);
  CHECK(f.read_all() == std::vector<std::string>{"message 7"});
  f.progress.segment = first;
  CHECK(f.read_all() == std::vector<std::string>{"message 2000", "seal"});
}

}  // namespace spool_writer_test
