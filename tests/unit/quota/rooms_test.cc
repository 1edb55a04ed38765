#include "common/quota/rooms.h"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "common/quota/open_rooms.h"
#include "common/quota/rooms_file.h"
#include "common/quota/turn.h"
#include "tests/unit/limits/held_lock.h"
#include "tests/unit/temp_directory.h"

namespace quota_rooms_test {

using namespace postrider;
using namespace std::chrono_literals;
using quota::Amount;
using quota::Count;
using quota::Grant;
using quota::Rooms;

namespace {

constexpr WallTime kNow{1'800'000'000s};
constexpr Amount kLimit{1000, 0};
const std::string kAnn = "ann@here.test";

Count holding(std::uint64_t octets, std::uint64_t messages = 1) {
  return {{octets, messages}, 11, 12, kNow};
}

}  // namespace

TEST_CASE("rooms: what is promised to one is not promised to another", "[quota]") {
  Rooms rooms;
  CHECK(rooms.promise(kAnn, "1", {600, 1}, kLimit, kNow) == Grant::granted);
  CHECK(rooms.promise(kAnn, "2", {600, 1}, kLimit, kNow) == Grant::full_for_now);
  CHECK(rooms.promise("bob@here.test", "2", {600, 1}, kLimit, kNow) == Grant::granted);
  CHECK(rooms.promise(kAnn, "3", {400, 1}, kLimit, kNow) == Grant::granted);
  CHECK(rooms.promise(kAnn, "4", {1, 1}, kLimit, kNow) == Grant::full_for_now);
  rooms.withdraw(kAnn, "1");
  rooms.withdraw(kAnn, "1");
  CHECK(rooms.promise(kAnn, "4", {600, 1}, kLimit, kNow) == Grant::granted);
  CHECK(rooms.look(kAnn, "").promised == Amount{1000, 2});
}

TEST_CASE("rooms: a mailbox that nobody has counted is to be counted when mail comes for it",
          "[quota]") {
  Rooms rooms;
  CHECK(rooms.promise(kAnn, "1", {600, 1}, kLimit, kNow) == Grant::granted);
  CHECK(rooms.wanted(9) == std::vector<std::string>{kAnn});
  rooms.counted(kAnn, holding(401), kNow);
  CHECK(rooms.promise(kAnn, "1", {600, 1}, kLimit, kNow) == Grant::full);
  CHECK(rooms.promise(kAnn, "1", {599, 1}, kLimit, kNow) == Grant::granted);
}

TEST_CASE("rooms: what would be granted is told, and kept from nobody", "[quota]") {
  Rooms rooms;
  CHECK(rooms.would_promise(kAnn, {600, 1}, kLimit, kNow) == Grant::granted);
  CHECK(rooms.wanted(9) == std::vector<std::string>{kAnn});
  CHECK(rooms.would_promise(kAnn, {1001, 1}, kLimit, kNow) == Grant::larger);
  CHECK(rooms.look(kAnn, "").promised == Amount{});
  CHECK(rooms.promise(kAnn, "1", {600, 1}, kLimit, kNow) == Grant::granted);
  CHECK(rooms.would_promise(kAnn, {600, 1}, kLimit, kNow) == Grant::full_for_now);
  rooms.counted(kAnn, holding(401), kNow);
  CHECK(rooms.would_promise(kAnn, {600, 1}, kLimit, kNow) == Grant::full);
  CHECK(rooms.look(kAnn, "").promised == Amount{600, 1});
}

TEST_CASE("rooms: messages are counted as octets are", "[quota]") {
  Rooms rooms;
  const Amount limit{0, 3};
  rooms.counted(kAnn, holding(1'000'000, 1), kNow);
  CHECK(rooms.promise(kAnn, "1", {600, 1}, limit, kNow) == Grant::granted);
  CHECK(rooms.promise(kAnn, "2", {600, 1}, limit, kNow) == Grant::granted);
  CHECK(rooms.promise(kAnn, "3", {0, 1}, limit, kNow) == Grant::full_for_now);
}

TEST_CASE("rooms: the same token has one promise in a mailbox, that of its last word", "[quota]") {
  Rooms rooms;
  CHECK(rooms.promise(kAnn, "1", {600, 1}, kLimit, kNow) == Grant::granted);
  CHECK(rooms.promise(kAnn, "1", {900, 1}, kLimit, kNow) == Grant::granted);
  CHECK(rooms.look(kAnn, "").promised == Amount{900, 1});
  CHECK(rooms.accept(kAnn, "1", "id", {1000, 1}, kLimit, kNow) == Grant::granted);
  CHECK(rooms.look(kAnn, "").promised == Amount{1000, 1});
  CHECK(rooms.look(kAnn, "id").promised == Amount{});
  CHECK(rooms.look(kAnn, "id").has_promise);
}

TEST_CASE("rooms: what a message turns out to have beside its promise has to be there", "[quota]") {
  Rooms rooms;
  CHECK(rooms.promise(kAnn, "1", {100, 1}, kLimit, kNow) == Grant::granted);
  CHECK(rooms.promise(kAnn, "2", {800, 1}, kLimit, kNow) == Grant::granted);
  CHECK(rooms.accept(kAnn, "1", "id", {201, 1}, kLimit, kNow) == Grant::full_for_now);
  CHECK(rooms.look(kAnn, "").promised == Amount{800, 1});
  CHECK(rooms.accept(kAnn, "2", "id2", {1001, 1}, kLimit, kNow) == Grant::larger);
}

TEST_CASE("rooms: a delivery turns a promise into what is used", "[quota]") {
  Rooms rooms;
  rooms.counted(kAnn, holding(100), kNow);
  REQUIRE(rooms.accept(kAnn, "1", "id", {500, 1}, kLimit, kNow) == Grant::granted);
  CHECK(rooms.look(kAnn, "other").promised == Amount{500, 1});
  rooms.delivered(kAnn, "id", holding(580, 2), kNow);
  const auto standing = rooms.look(kAnn, "other");
  CHECK(standing.promised == Amount{});
  REQUIRE(standing.count);
  CHECK(standing.count->used == Amount{580, 2});
  CHECK(standing.count->in_cur == 12);
  CHECK(standing.counted == kNow);
  CHECK(rooms.promise(kAnn, "2", {421, 1}, kLimit, kNow) == Grant::full);
  CHECK(rooms.promise(kAnn, "2", {420, 1}, kLimit, kNow) == Grant::granted);
}

TEST_CASE("rooms: who is refused by what is promised alone is refused for now", "[quota]") {
  Rooms rooms;
  rooms.counted(kAnn, holding(500), kNow);
  REQUIRE(rooms.promise(kAnn, "1", {300, 1}, kLimit, kNow) == Grant::granted);
  CHECK(rooms.promise(kAnn, "2", {500, 1}, kLimit, kNow) == Grant::full_for_now);
  CHECK(rooms.promise(kAnn, "2", {501, 1}, kLimit, kNow) == Grant::full);
}

TEST_CASE("rooms: an old count refuses nobody for good, and nobody at all where it is not renewed",
          "[quota]") {
  Rooms rooms;
  rooms.counted(kAnn, holding(1000), kNow);
  CHECK_FALSE(rooms.is_count_wanted());
  const WallTime later = kNow + Rooms::kFresh + 1s;
  CHECK(rooms.promise(kAnn, "1", {1, 1}, kLimit, later) == Grant::full_for_now);
  CHECK(rooms.is_count_wanted());
  CHECK(rooms.wanted(9) == std::vector<std::string>{kAnn});
  SECTION("it is renewed") {
    rooms.counted(kAnn, holding(1000), later + 2s);
    CHECK(rooms.promise(kAnn, "1", {1, 1}, kLimit, later + 2s) == Grant::full);
    rooms.counted(kAnn, holding(900), later + 4s);
    CHECK(rooms.promise(kAnn, "1", {1, 1}, kLimit, later + 4s) == Grant::granted);
  }
  SECTION("nobody counts: what is promised counts all the same") {
    const WallTime last = later + Rooms::kPatience;
    CHECK(rooms.promise(kAnn, "1", {600, 1}, kLimit, last) == Grant::full_for_now);
    CHECK(rooms.promise(kAnn, "1", {600, 1}, kLimit, last + 1s) == Grant::granted);
    CHECK(rooms.promise(kAnn, "2", {600, 1}, kLimit, last + 1s) == Grant::full_for_now);
  }
}

TEST_CASE("rooms: where mail was removed nobody is refused until it was counted", "[quota]") {
  Rooms rooms;
  rooms.forget(kAnn);
  CHECK_FALSE(rooms.is_count_wanted());
  rooms.counted(kAnn, holding(1000), kNow);
  REQUIRE(rooms.promise(kAnn, "1", {1, 1}, kLimit, kNow) == Grant::full);
  rooms.forget(kAnn);
  CHECK(rooms.promise(kAnn, "1", {1, 1}, kLimit, kNow) == Grant::granted);
  CHECK_FALSE(rooms.look(kAnn, "").count);
  CHECK(rooms.wanted(1) == std::vector<std::string>{kAnn});
}

TEST_CASE("rooms: a count that was under way while mail was removed is not believed", "[quota]") {
  Rooms rooms;
  const bool has_row = GENERATE(true, false);
  if (has_row) rooms.counted(kAnn, holding(1000), kNow);
  Count count = holding(1000);
  count.forgotten = rooms.look(kAnn, "").forgotten;
  rooms.forget(kAnn);
  rooms.delivered(kAnn, "id", count, kNow);
  CHECK_FALSE(rooms.look(kAnn, "").count);
  CHECK(rooms.is_count_wanted());
  CHECK(rooms.wanted(9) == std::vector<std::string>{kAnn});
  CHECK(rooms.promise(kAnn, "1", {1, 1}, kLimit, kNow) == Grant::granted);
  count = holding(900);
  count.forgotten = rooms.look(kAnn, "").forgotten;
  rooms.forget("bob@here.test");
  rooms.counted(kAnn, count, kNow);
  CHECK(rooms.look(kAnn, "").count.value().used == Amount{900, 1});
  CHECK(rooms.wanted(9).empty());
}

TEST_CASE("rooms: those are counted first whose count was asked for first, a few at a time",
          "[quota]") {
  Rooms rooms;
  for (const auto& [name, when] : {std::pair("late@a", kNow + 2s), std::pair("early@a", kNow),
                                   std::pair("middle@a", kNow + 1s)}) {
    rooms.counted(name, holding(1000), kNow);
    REQUIRE(rooms.promise(name, "1", {1, 1}, kLimit, when) == Grant::full);
  }
  CHECK(rooms.wanted(2) == std::vector<std::string>{"early@a", "middle@a"});
  CHECK(rooms.is_count_wanted());
  for (const char* name : {"early@a", "middle@a"}) rooms.counted(name, holding(1000), kNow + 3s);
  CHECK(rooms.wanted(2) == std::vector<std::string>{"late@a"});
  CHECK_FALSE(rooms.is_count_wanted());
}

TEST_CASE("rooms: promises fade, those of messages later, and later again when they are attempted",
          "[quota]") {
  Rooms rooms;
  REQUIRE(rooms.promise(kAnn, "1", {600, 1}, kLimit, kNow) == Grant::granted);
  CHECK(rooms.promise(kAnn, "2", {600, 1}, kLimit, kNow + Rooms::kHeld - 2s) ==
        Grant::full_for_now);
  WallTime now = kNow + Rooms::kHeld;
  REQUIRE(rooms.accept(kAnn, "2", "id", {600, 1}, kLimit, now) == Grant::granted);
  now += Rooms::kAccepted - 2s;
  CHECK(rooms.promise(kAnn, "3", {600, 1}, kLimit, now) == Grant::full_for_now);
  rooms.renew(kAnn, "id", now);
  now += Rooms::kAccepted - 2s;
  CHECK(rooms.promise(kAnn, "3", {600, 1}, kLimit, now) == Grant::full_for_now);
  CHECK(rooms.promise(kAnn, "3", {600, 1}, kLimit, now + 2s) == Grant::granted);
}

TEST_CASE("rooms: a promise from the future is none", "[quota]") {
  Rooms rooms;
  REQUIRE(rooms.promise(kAnn, "1", {600, 1}, kLimit, kNow + 24h) == Grant::granted);
  CHECK(rooms.promise(kAnn, "2", {600, 1}, kLimit, kNow) == Grant::granted);
}

TEST_CASE("rooms: what cannot be kept is granted without a promise", "[quota]") {
  Rooms rooms;
  const std::string name = GENERATE(std::string(), std::string(Rooms::kMaxName + 1, 'x'));
  rooms.counted(name, holding(1000), kNow);
  for (const char* token : {"1", "2"})
    CHECK(rooms.promise(name, token, {600, 1}, kLimit, kNow) == Grant::granted);
}

TEST_CASE("rooms: mailboxes without promises make room for others", "[quota]") {
  Rooms rooms;
  for (std::size_t i = 0; i < Rooms::kRows + 100; ++i)
    rooms.counted(fmt::format("{}@b", i), holding(1000), kNow + std::chrono::seconds(i));
  std::size_t known = 0;
  for (std::size_t i = 0; i < Rooms::kRows + 100; ++i)
    if (rooms.look(fmt::format("{}@b", i), "").count) ++known;
  CHECK(known <= Rooms::kRows);
  CHECK(known > Rooms::kRows / 2);
  CHECK(rooms.look(fmt::format("{}@b", Rooms::kRows + 99), "").count);
}

TEST_CASE("rooms: all processes see one file, and know one that is something else", "[quota]") {
  const test::TempDirectory run;
  CHECK(Rooms::open_existing(run.path("rooms")).error().kind == ErrorKind::not_found);
  auto smtpd = Rooms::open(run.path("rooms"));
  REQUIRE(smtpd);
  auto deliverd = Rooms::open_existing(run.path("rooms"));
  REQUIRE(deliverd);
  REQUIRE(smtpd->promise(kAnn, "1", {600, 1}, kLimit, kNow) == Grant::granted);
  CHECK(deliverd->look(kAnn, "").promised == Amount{600, 1});
  deliverd->counted(kAnn, holding(1000), kNow);
  CHECK(smtpd->promise(kAnn, "1", {600, 1}, kLimit, kNow) == Grant::full);
  std::filesystem::resize_file(run.path("rooms"), 5000);
  CHECK(Rooms::open(run.path("rooms")).error().kind == ErrorKind::invalid);
}

TEST_CASE("rooms: while another process keeps the file locked nobody is refused", "[quota]") {
  const test::TempDirectory run;
  auto rooms = Rooms::open(run.path("rooms"));
  REQUIRE(rooms);
  rooms->counted(kAnn, holding(1000), kNow);
  const test::HeldLock held(run.path("rooms"));
  CHECK(rooms->promise(kAnn, "1", {600, 1}, kLimit, kNow) == Grant::granted);
  CHECK_FALSE(rooms->look(kAnn, "").count);
}

TEST_CASE("rooms: after a death within a change the promises are summed up, and nothing is counted",
          "[quota]") {
  const test::TempDirectory run;
  auto rooms = Rooms::open(run.path("rooms"));
  REQUIRE(rooms);
  rooms->counted(kAnn, holding(100), kNow);
  REQUIRE(rooms->promise(kAnn, "1", {600, 1}, kLimit, kNow) == Grant::granted);
  // The sum was changed, and the promise was not yet.
  Fd fd(::open(run.path("rooms").c_str(), O_RDWR));
  const auto write = [&](auto value, std::size_t offset) {
    REQUIRE(::pwrite(fd.get(), &value, sizeof value, static_cast<off_t>(offset)) == sizeof value);
  };
  write(std::uint32_t{1}, 24);  // behind magic and hash key: changing
  CHECK(rooms->look(kAnn, "").promised == Amount{600, 1});
  CHECK_FALSE(rooms->look(kAnn, "").count);
  CHECK(rooms->promise(kAnn, "2", {401, 1}, kLimit, kNow) == Grant::full_for_now);
}

TEST_CASE("rooms: one at a time has its turn in a mailbox", "[quota]") {
  const test::TempDirectory run;
  auto one = Rooms::open(run.path("rooms"));
  auto other = Rooms::open(run.path("rooms"));
  REQUIRE((one && other));
  auto turn = one->take_turn(kAnn);
  REQUIRE(turn);
  CHECK(other->take_turn("bob@here.test"));
  CHECK(other->take_turn(kAnn, 1ms).error().kind == ErrorKind::temporary);
  { const auto ended = std::move(*turn); }
  CHECK(other->take_turn(kAnn));
}

TEST_CASE("rooms: an operator sees those that were counted, with their limit as it was last told",
          "[quota]") {
  Rooms rooms;
  CHECK(rooms.list().empty());
  REQUIRE(rooms.promise(kAnn, "1", {300, 1}, kLimit, kNow) == Grant::granted);
  CHECK(rooms.list().empty());
  rooms.counted(kAnn, holding(500), kNow);
  const auto list = rooms.list();
  REQUIRE(list.size() == 1);
  CHECK(list[0].mailbox == kAnn);
  CHECK(list[0].used == Amount{500, 1});
  CHECK(list[0].limit == kLimit);
  CHECK(list[0].promised == Amount{300, 1});
  CHECK(list[0].counted == kNow);
}

TEST_CASE("rooms: what a user was told of is kept while the mailbox is known", "[quota]") {
  Rooms rooms;
  CHECK_FALSE(rooms.look(kAnn, "").told);
  rooms.set_told(kAnn, 0, kNow);
  CHECK(rooms.look(kAnn, "").told == 0);
  rooms.set_told(kAnn, 80, kNow);
  rooms.forget(kAnn);
  CHECK(rooms.look(kAnn, "").told == 80);
}

TEST_CASE("rooms: what an earlier run of the kernel has left is counted again", "[quota]") {
  const postrider::test::TempDirectory run;
  const std::string path = quota::rooms_path(run.path());
  {
    auto rooms = Rooms::open(path);
    REQUIRE(rooms);
    rooms->counted(kAnn, holding(900), kNow);
    CHECK(rooms->promise(kAnn, "1", {100, 1}, kLimit, kNow) == Grant::granted);
  }
  const auto count_after = [&] {
    const auto rooms = Rooms::open(path);
    REQUIRE(rooms);
    const auto standing = rooms->look(kAnn, "");
    CHECK(standing.promised == Amount{100, 1});
    return standing.count.has_value();
  };
  CHECK(count_after());
  const Fd file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  constexpr off_t kBoot = 56;
  std::uint64_t boot = 0;
  REQUIRE(::pread(file.get(), &boot, sizeof boot, kBoot) == sizeof boot);
  CHECK(boot != 0);
  ++boot;
  REQUIRE(::pwrite(file.get(), &boot, sizeof boot, kBoot) == sizeof boot);
  CHECK_FALSE(count_after());
}

TEST_CASE("rooms: of a file with pages of different age all can be counted again", "[quota]") {
  const postrider::test::TempDirectory run;
  const std::string path = quota::rooms_path(run.path());
  {
    auto rooms = Rooms::open(path);
    REQUIRE(rooms);
    rooms->counted(kAnn, holding(1), kNow);
    for (int i = 0; i < 5; ++i) rooms->forget(kAnn);
  }
  const Fd file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  constexpr off_t kForgotten = 40, kBoot = 56;
  const std::uint64_t older = 0;
  for (const off_t at : {kForgotten, kBoot})
    REQUIRE(::pwrite(file.get(), &older, sizeof older, at) == sizeof older);
  auto rooms = Rooms::open(path);
  REQUIRE(rooms);
  Count count = holding(7);
  count.forgotten = rooms->look(kAnn, "").forgotten;
  rooms->counted(kAnn, count, kNow);
  CHECK(rooms->look(kAnn, "").count);
}

TEST_CASE("rooms: a mailbox that could not be counted in time comes after the others", "[quota]") {
  Rooms rooms;
  rooms.counted(kAnn, holding(900), kNow);
  CHECK(rooms.promise(kAnn, "1", {600, 1}, kLimit, kNow) == Grant::full);
  rooms.not_counted_yet(kAnn, kNow + 2s);
  CHECK(rooms.promise("bob@here.test", "1", {600, 1}, kLimit, kNow + 1s) == Grant::granted);
  CHECK(rooms.wanted(9) == std::vector<std::string>{"bob@here.test", kAnn});
  CHECK(rooms.look(kAnn, "").count);
}

}  // namespace quota_rooms_test
