#include "common/quota/full_marks.h"

#include <catch2/catch.hpp>

#include "common/quota/open_rooms.h"
#include "tests/unit/temp_directory.h"

namespace quota_full_marks_test {

using namespace postrider;
using namespace std::chrono_literals;

TEST_CASE("full marks: where mail was removed the mailbox is full no longer", "[quota]") {
  const test::TempDirectory run;
  const WallTime now{1'800'000'000s};
  const quota::FullMarks marks(run.path());
  marks.clear("a@b.test");  // nobody has begun to count
  auto rooms = quota::Rooms::open(quota::rooms_path(run.path()));
  REQUIRE(rooms);
  rooms->counted("a@b.test", {{10, 1}, 0, 0, now}, now);
  CHECK(rooms->promise("a@b.test", "1", {1, 1}, {10, 0}, now) == quota::Grant::full);
  marks.clear("a@b.test");
  CHECK(rooms->promise("a@b.test", "1", {1, 1}, {10, 0}, now) == quota::Grant::granted);
}

TEST_CASE("full marks: where there is no such folder nothing is told", "[quota]") {
  quota::FullMarks("/nonexistent").clear("a@b.test");
}

}  // namespace quota_full_marks_test
