#include "common/limits/tally.h"

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/unit/limits/held_lock.h"
#include "tests/unit/temp_directory.h"

namespace limits_tally_test {

using namespace postrider;
using namespace std::chrono_literals;
using limits::Tally;

namespace {

constexpr WallTime kNow{1'800'000'000s};
constexpr auto kMinute = 60s;
constexpr std::size_t kPart = Tally::kSlots * 24;  // octets

}  // namespace

TEST_CASE("tally: a steady rate comes to its count in a period, and fades when it ends",
          "[limits]") {
  Tally tally;
  const auto key = tally.key("connections", "192.0.2.1");
  WallTime now = kNow;
  for (int i = 0; i < 600; ++i, now += 1s) tally.add(key, 1, kMinute, now);
  CHECK(tally.level(key, kMinute, now) == Approx(60).margin(1));
  CHECK(tally.level(key, kMinute, now + 1min) == Approx(60 / 2.718).margin(1));
  CHECK(tally.level(key, kMinute, now + 10min) < 0.1);
  // Set back, the clock takes nothing away.
  CHECK(tally.level(key, kMinute, now - 1h) == Approx(60).margin(1));
}

TEST_CASE("tally: what many workers count is one sum", "[limits]") {
  const test::TempDirectory folder;
  auto first = Tally::open(folder.path("tally"));
  auto second = Tally::open(folder.path("tally"));
  REQUIRE(first);
  REQUIRE(second);
  const auto key = first->key("connections", "192.0.2.1");
  REQUIRE(key == second->key("connections", "192.0.2.1"));
  first->add(key, 3, kMinute, kNow);
  second->add(key, 4, kMinute, kNow);
  first->enter(key, kNow);
  second->enter(key, kNow);
  second->enter(key, kNow);
  for (const Tally* tally : {&*first, &*second}) {
    CHECK(tally->level(key, kMinute, kNow) == Approx(7));
    CHECK(tally->present(key) == 3);
  }
  second->leave(key);
  CHECK(first->present(key) == 2);
}

TEST_CASE("tally: what a worker counted that is gone ends with the next that starts", "[limits]") {
  const test::TempDirectory folder;
  auto stays = Tally::open(folder.path("tally"));
  REQUIRE(stays);
  const auto key = stays->key("connections", "192.0.2.1");
  stays->enter(key, kNow);
  {
    auto killed = Tally::open(folder.path("tally"));
    REQUIRE(killed);
    killed->enter(key, kNow);
    CHECK(stays->present(key) == 2);
  }
  auto next = Tally::open(folder.path("tally"));
  REQUIRE(next);
  CHECK(next->present(key) == 1);
  CHECK(stays->present(key) == 1);
}

TEST_CASE("tally: full, it forgets who was away longest, and none that is present",
          "[limits][slow]") {
  Tally tally;
  const auto here = tally.key("connections", "present");
  const auto old = tally.key("connections", "old");
  tally.enter(here, kNow);
  tally.add(old, 100, kMinute, kNow);
  for (std::size_t i = 0; i < 4 * Tally::kSlots; ++i)
    tally.add(tally.key("connections", std::to_string(i)), 1, kMinute, kNow + 1s);
  const auto last = tally.key("connections", std::to_string(4 * Tally::kSlots - 1));
  CHECK(tally.present(here) == 1);
  CHECK(tally.level(old, kMinute, kNow + 1s) == 0);
  CHECK(tally.level(last, kMinute, kNow + 1s) == Approx(1));
}

TEST_CASE("tally: a thing that was not counted does not leave twice", "[limits]") {
  Tally tally;
  const auto key = tally.key("connections", "192.0.2.1");
  tally.leave(key);
  tally.enter(key, kNow);
  tally.leave(key);
  tally.leave(key);
  CHECK(tally.present(key) == 0);
}

TEST_CASE("tally: kinds and names are kept apart", "[limits]") {
  const Tally tally;
  CHECK_FALSE(tally.key("a", "bc") == tally.key("ab", "c"));
  CHECK_FALSE(tally.key("a", "b") == tally.key("c", "b"));
  CHECK_FALSE(tally.key("a", "b") == Tally().key("a", "b"));  // the hash has a key of its own
}

TEST_CASE("tally: a file of another kind is left alone, and named", "[limits]") {
  const test::TempDirectory folder;
  const std::string path = folder.path("tally");
  { std::ofstream(path) << "something else"; }
  const auto opened = Tally::open(path);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().kind == ErrorKind::invalid);
  CHECK(opened.error().text.find(path) != std::string::npos);
}

TEST_CASE("tally: a worker reserves its own part, which it will write, and no more", "[limits]") {
  const test::TempDirectory folder;
  const auto first = Tally::open(folder.path("tally"));
  REQUIRE(first);
  const auto one = test::reserved_octets(folder.path("tally"));
  CHECK(one >= kPart);
  CHECK(one < 2 * kPart);
  const auto second = Tally::open(folder.path("tally"));
  REQUIRE(second);
  CHECK(test::reserved_octets(folder.path("tally")) >= 2 * kPart);
}

TEST_CASE("tally: no more than its parts may have it open", "[limits]") {
  const test::TempDirectory folder;
  std::vector<Tally> open;
  for (std::size_t i = 0; i < Tally::kParts; ++i) {
    auto one = Tally::open(folder.path("tally"));
    REQUIRE(one);
    open.push_back(std::move(*one));
  }
  CHECK_FALSE(Tally::open(folder.path("tally")));
  open.pop_back();
  CHECK(Tally::open(folder.path("tally")));
}

}  // namespace limits_tally_test
