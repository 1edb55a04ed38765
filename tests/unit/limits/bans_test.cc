#include "common/limits/bans.h"

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/unit/limits/held_lock.h"
#include "tests/unit/temp_directory.h"

namespace limits_bans_test {

using namespace postrider;
using namespace std::chrono_literals;
using limits::BanKind;
using limits::Bans;

namespace {

constexpr WallTime kNow{1'800'000'000s};
constexpr limits::BanLimits kLimits{.failures = 3, .memory = 1h, .duration = 30min};

}  // namespace

TEST_CASE("bans: one failure too many is a ban for a while", "[limits]") {
  Bans bans;
  for (int i = 1; i <= 3; ++i) {
    const auto row = bans.fail(BanKind::address, "192.0.2.1", kLimits, kNow).value();
    CHECK(row.failures == Approx(i));
    CHECK_FALSE(row.banned_until);
  }
  CHECK_FALSE(bans.banned_until(BanKind::address, "192.0.2.1", kNow).value());
  const auto fourth = bans.fail(BanKind::address, "192.0.2.1", kLimits, kNow).value();
  CHECK(fourth.begins);
  CHECK(fourth.banned_until == kNow + 30min);
  CHECK(bans.banned_until(BanKind::address, "192.0.2.1", kNow + 29min).value() == kNow + 30min);
  CHECK_FALSE(bans.banned_until(BanKind::address, "192.0.2.1", kNow + 30min).value());
  CHECK_FALSE(bans.banned_until(BanKind::account, "192.0.2.1", kNow).value());
  CHECK_FALSE(bans.banned_until(BanKind::address, "192.0.2.2", kNow).value());
}

TEST_CASE("bans: failures fade", "[limits]") {
  Bans bans;
  for (int i = 0; i < 3; ++i) REQUIRE(bans.fail(BanKind::account, "a@here.test", kLimits, kNow));
  const auto later = bans.fail(BanKind::account, "a@here.test", kLimits, kNow + 1h).value();
  CHECK(later.failures == Approx(1 + 3 / 2.718).margin(0.01));
  CHECK_FALSE(later.banned_until);
}

TEST_CASE("bans: without a limit nobody is banned", "[limits]") {
  Bans bans;
  for (int i = 0; i < 100; ++i) REQUIRE(bans.fail(BanKind::account, "a", {.memory = 1h}, kNow));
  CHECK_FALSE(bans.banned_until(BanKind::account, "a", kNow).value());
}

TEST_CASE("bans: an operator sees them, sets one and lifts one", "[limits]") {
  Bans bans;
  REQUIRE(bans.fail(BanKind::account, "a@here.test", kLimits, kNow));
  REQUIRE(bans.ban(BanKind::address, "192.0.2.1", kNow + 24h, kNow));
  const auto rows = bans.list(1h, kNow).value();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].name == "192.0.2.1");
  CHECK(rows[0].banned_until == kNow + 24h);
  CHECK(rows[1].kind == BanKind::account);
  CHECK(rows[1].last_failure == kNow);
  CHECK(bans.list(1h, kNow + 12h)->size() == 1);  // the failure has faded
  CHECK(bans.lift(BanKind::address, "192.0.2.1").value());
  CHECK_FALSE(bans.lift(BanKind::address, "192.0.2.1").value());
  CHECK_FALSE(bans.banned_until(BanKind::address, "192.0.2.1", kNow).value());
}

TEST_CASE("bans: what one process finds, the others know, and the next that starts", "[limits]") {
  const test::TempDirectory folder;
  {
    auto first = Bans::open(folder.path("bans"));
    auto second = Bans::open(folder.path("bans"));
    REQUIRE(first);
    REQUIRE(second);
    for (int i = 0; i < 2; ++i) {
      REQUIRE(first->fail(BanKind::address, "192.0.2.1", kLimits, kNow));
      REQUIRE(second->fail(BanKind::address, "192.0.2.1", kLimits, kNow));
    }
    CHECK(first->banned_until(BanKind::address, "192.0.2.1", kNow).value());
  }
  const auto next = Bans::open(folder.path("bans"));
  REQUIRE(next);
  CHECK(next->banned_until(BanKind::address, "192.0.2.1", kNow).value());
}

TEST_CASE("bans: what failures bring does not shorten what an operator set", "[limits]") {
  Bans bans;
  REQUIRE(bans.ban(BanKind::account, "a@here.test", kNow + 240h, kNow));
  for (int i = 0; i < 5; ++i)
    CHECK_FALSE(bans.fail(BanKind::account, "a@here.test", kLimits, kNow)->begins);
  CHECK(bans.banned_until(BanKind::account, "a@here.test", kNow).value() == kNow + 240h);
}

TEST_CASE("bans: one that is over makes room before a failure of today", "[limits]") {
  Bans bans;
  for (std::size_t i = 0; i < 2 * Bans::kRows; ++i)
    REQUIRE(bans.ban(BanKind::account, std::to_string(i), kNow + 1s, kNow));
  const WallTime later = kNow + 1h;
  for (int i = 0; i < 200; ++i)
    REQUIRE(
        bans.fail(BanKind::address, std::to_string(i), kLimits, later + std::chrono::seconds(i)));
  CHECK(bans.list(1h, later + 200s)->size() > 195);
}

TEST_CASE("bans: full, they forget failures before bans", "[limits]") {
  Bans bans;
  REQUIRE(bans.ban(BanKind::address, "192.0.2.1", kNow + 24h, kNow));
  for (std::size_t i = 0; i < 2 * Bans::kRows; ++i)
    REQUIRE(
        bans.fail(BanKind::account, std::to_string(i), kLimits, kNow + std::chrono::seconds(i)));
  CHECK(bans.banned_until(BanKind::address, "192.0.2.1", kNow).value());
  CHECK(bans.list(240h, kNow)->size() <= Bans::kRows);
}

TEST_CASE("bans: full of bans, they keep each of them, and take a failure for the first",
          "[limits][slow]") {
  Bans bans;
  for (std::size_t i = 0; i < 4 * Bans::kRows; ++i)
    REQUIRE(bans.ban(BanKind::account, std::to_string(i), kNow + 24h, kNow));
  const auto before = bans.list(1h, kNow).value();
  REQUIRE(before.size() == Bans::kRows);
  for (int i = 0; i < 1000; ++i) {
    const auto row = bans.fail(BanKind::address, std::to_string(i), kLimits, kNow).value();
    CHECK(row.failures == Approx(1));
    CHECK_FALSE(row.banned_until);
  }
  const auto after = bans.list(1h, kNow).value();
  CHECK(std::equal(before.begin(), before.end(), after.begin(), after.end(),
                   [](const auto& a, const auto& b) { return a.name == b.name; }));
  // One that is known is counted on.
  CHECK(bans.fail(before.front().kind, before.front().name, kLimits, kNow)->banned_until ==
        kNow + 24h);
}

TEST_CASE("bans: a name that is too long is cut, and found again", "[limits]") {
  Bans bans;
  const std::string name(1000, 'a');
  REQUIRE(bans.ban(BanKind::account, name, kNow + 1h, kNow));
  CHECK(bans.banned_until(BanKind::account, name, kNow).value());
  CHECK(bans.list(1h, kNow)->front().name.size() == Bans::kMaxName);
  CHECK(bans.lift(BanKind::account, name).value());
}

TEST_CASE("bans: the command finds them where a daemon has made them, and makes none", "[limits]") {
  const test::TempDirectory folder;
  const auto missing = Bans::open_existing(folder.path("bans"));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == ErrorKind::not_found);
  auto daemon = Bans::open(folder.path("bans"));
  REQUIRE(daemon);
  auto command = Bans::open_existing(folder.path("bans"));
  REQUIRE(command);
  REQUIRE(command->ban(BanKind::address, "192.0.2.1", kNow + 1h, kNow));
  CHECK(daemon->banned_until(BanKind::address, "192.0.2.1", kNow).value());
}

TEST_CASE("bans: all of the file is reserved, as each row may be written", "[limits]") {
  const test::TempDirectory folder;
  const auto bans = Bans::open(folder.path("bans"));
  REQUIRE(bans);
  CHECK(test::reserved_octets(folder.path("bans")) >=
        std::filesystem::file_size(folder.path("bans")));
}

TEST_CASE("bans: a process that keeps the lock is waited for no longer than a moment",
          "[limits][slow]") {
  const test::TempDirectory folder;
  auto bans = Bans::open(folder.path("bans"));
  REQUIRE(bans);
  REQUIRE(bans->ban(BanKind::account, "a@here.test", kNow + 1h, kNow));
  {
    const test::HeldLock stopped(folder.path("bans"));
    const auto banned = bans->banned_until(BanKind::account, "a@here.test", kNow);
    REQUIRE_FALSE(banned);
    CHECK(banned.error().kind == ErrorKind::temporary);
    CHECK_FALSE(bans->fail(BanKind::account, "a@here.test", kLimits, kNow));
    CHECK_FALSE(bans->ban(BanKind::account, "a@here.test", kNow, kNow));
    CHECK_FALSE(bans->lift(BanKind::account, "a@here.test"));
    CHECK_FALSE(bans->list(1h, kNow));
    CHECK_FALSE(Bans::open(folder.path("bans")));
  }
  CHECK(bans->banned_until(BanKind::account, "a@here.test", kNow).value());
}

TEST_CASE("bans: a file of another kind is left alone, and named", "[limits]") {
  const test::TempDirectory folder;
  const std::string path = folder.path("bans");
  { std::ofstream(path) << "something else"; }
  const auto opened = Bans::open(path);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().kind == ErrorKind::invalid);
  CHECK(opened.error().text.find(path) != std::string::npos);
}

}  // namespace limits_bans_test
