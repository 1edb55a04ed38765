#include "common/limits/open_at_start.h"

#include <optional>

#include <catch2/catch.hpp>

#include "common/limits/bans.h"
#include "tests/unit/limits/held_lock.h"
#include "tests/unit/temp_directory.h"

namespace limits_open_at_start_test {

using namespace postrider;
using limits::open_at_start;

namespace {

struct Fixture {
  // Fails so often, in that way, then gives 42.
  Result<int> open(unsigned failures, ErrorKind kind) {
    return open_at_start(
        [&]() -> Result<int> {
          if (tries++ < failures) return fail(kind, "in the way");
          return 42;
        },
        [&](std::chrono::milliseconds time) {
          CHECK(time == limits::kOpenPause);
          ++pauses;
        });
  }
  unsigned tries = 0, pauses = 0;
};

}  // namespace

TEST_CASE("open at start: what is in the way for a moment is waited for", "[limits]") {
  Fixture f;
  const unsigned failures = GENERATE(0U, 1U, limits::kOpenTries - 1);
  CHECK(f.open(failures, ErrorKind::temporary).value() == 42);
  CHECK(f.pauses == failures);
}

TEST_CASE("open at start: what stays is waited for no longer than that", "[limits]") {
  Fixture f;
  CHECK(f.open(limits::kOpenTries, ErrorKind::temporary).error().text == "in the way");
  CHECK(f.tries == limits::kOpenTries);
}

TEST_CASE("open at start: what no time mends is not waited for", "[limits]") {
  Fixture f;
  CHECK_FALSE(f.open(1, GENERATE(ErrorKind::invalid, ErrorKind::not_found)));
  CHECK(f.pauses == 0);
}

TEST_CASE("open at start: bans that another process keeps locked are shared when it lets go",
          "[limits]") {
  const test::TempDirectory folder;
  REQUIRE(limits::Bans::open(folder.path("bans")));
  std::optional<test::HeldLock> held(folder.path("bans"));
  CHECK(open_at_start([&] { return limits::Bans::open(folder.path("bans")); },
                      [&](std::chrono::milliseconds) { held.reset(); }));
  CHECK_FALSE(held);
}

}  // namespace limits_open_at_start_test
