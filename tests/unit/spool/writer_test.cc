#include "common/spool/writer.h"

#include "tests/unit/spool/fixture.h"

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
