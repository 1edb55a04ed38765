#include "common/spool/done_file.h"

#include <unistd.h>

#include "tests/unit/spool/fixture.h"

namespace spool_done_file_test {

using namespace postrider;
using namespace postrider::spool;
using Fixture = test::SpoolFixture;

TEST_CASE("spool done file: keeps its entries, and a damaged or torn one is left out", "[spool]") {
  Fixture f;
  const std::string path = f.paths.done("s.seg");
  {
    DoneFile done(system_disk(), f.paths, "s.seg", 7);
    REQUIRE(done.append({{.record = 32}, {.record = 80, .recipient = 5}}, false));
    REQUIRE(done.append({{.record = 128, .kind = DoneKind::promoted}}, true));
  }
  auto loaded = DoneFile::load(system_disk(), f.paths, "s.seg", 7);
  REQUIRE(loaded);
  REQUIRE(loaded->entries.size() == 3);
  CHECK(loaded->entries[1].recipient == 5);
  CHECK(loaded->entries[2].kind == DoneKind::promoted);

  REQUIRE(::truncate(path.c_str(), kDoneHeaderSize + 2 * kDoneEntrySize + 10) == 0);
  DoneFile again(system_disk(), f.paths, "s.seg", 7);
  REQUIRE(again.append({{.record = 200}}, false));
  loaded = DoneFile::load(system_disk(), f.paths, "s.seg", 7);
  REQUIRE(loaded->entries.size() == 3);
  CHECK(loaded->entries[2].record == 200);

  CHECK(DoneFile::load(system_disk(), f.paths, "s.seg", 8)->damaged == 3);
  CHECK(DoneFile::load(system_disk(), f.paths, "none.seg", 7)->entries.empty());
}

TEST_CASE("spool done file: any flipped bit costs its own entry alone, and is counted", "[spool]") {
  Fixture f;
  const std::string path = f.paths.done("s.seg");
  DoneFile done(system_disk(), f.paths, "s.seg", 7);
  REQUIRE(done.append({{.record = 32}, {.record = 80}, {.record = 128}}, false));
  for (std::uint64_t at = 0; at < kDoneHeaderSize + 3 * kDoneEntrySize; ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      test::flip(path, at, bit);
      const auto loaded = DoneFile::load(system_disk(), f.paths, "s.seg", 7);
      test::flip(path, at, bit);
      CAPTURE(at, bit);
      REQUIRE(loaded);
      CHECK(loaded->damaged == 1);
      CHECK(loaded->entries.size() == (at < kDoneHeaderSize ? 3 : 2));
    }
  }
}

TEST_CASE("spool done file: what a crash left of its first write is replaced", "[spool]") {
  Fixture f;
  const std::string path = f.paths.done("s.seg");
  for (const off_t left : {0, 1, 31, 32}) {
    {
      DoneFile first(system_disk(), f.paths, "s.seg", 7);
      REQUIRE(first.append({{.record = 32}}, false));
    }
    REQUIRE(::truncate(path.c_str(), left) == 0);
    CHECK(DoneFile::load(system_disk(), f.paths, "s.seg", 7)->entries.empty());
    DoneFile again(system_disk(), f.paths, "s.seg", 7);
    REQUIRE(again.append({{.record = 80}}, false));
    const auto loaded = DoneFile::load(system_disk(), f.paths, "s.seg", 7);
    CHECK(loaded->damaged == 0);
    CHECK(loaded->entries.size() == 1);
  }
}

}  // namespace spool_done_file_test
