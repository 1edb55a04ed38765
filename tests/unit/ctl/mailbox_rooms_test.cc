#include "ctl/mailbox_rooms.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/quota/open_rooms.h"
#include "tests/unit/temp_directory.h"

namespace ctl_mailbox_rooms_test {

using namespace postrider;
using namespace std::chrono_literals;
using ctl::MailboxRooms;
using quota::Amount;

namespace {

constexpr WallTime kNow{1'800'000'000s};

struct Fixture {
  Fixture() { settings.paths.run = run.path(); }
  void count(const std::string& mailbox, const Amount& used, const Amount& limit) {
    auto rooms = quota::Rooms::open(quota::rooms_path(run.path()));
    REQUIRE(rooms);
    rooms->counted(mailbox, {.used = used, .limit = limit}, kNow);
  }

  directory::User& add_user(const std::string& address, std::uint64_t quota) {
    users.push_back({.address = address});
    users.back().in_force.quota = quota;
    return users.back();
  }

  postrider::test::TempDirectory run;
  std::vector<directory::User> users;
  config::Settings settings;
};

}  // namespace

TEST_CASE("mailbox rooms: where nobody has counted nothing is known", "[ctl]") {
  Fixture f;
  const MailboxRooms rooms(f.settings);
  CHECK(rooms.find("ann@t") == nullptr);
  f.add_user("ann@t", 10);
  CHECK(rooms.nearly_full(f.users).empty());
  CHECK(ctl::described(nullptr, {10, 0}).empty());
  CHECK(ctl::to_json(nullptr, {10, 0}).is_null());
}

TEST_CASE("mailbox rooms: what is used of a quota is told, and which limit is reached", "[ctl]") {
  Fixture f;
  f.count("ann@t", {5000, 7}, {10'000, 10});
  f.count("bob@t", {10'000, 7}, {10'000, 10});
  f.count("cat@t", {5000, 10}, {10'000, 10});
  const MailboxRooms rooms(f.settings);
  const auto told = [&](const char* mailbox) {
    return ctl::described(rooms.find(mailbox), {10'000, 10});
  };
  CHECK(told("ann@t") == "4.9KiB and 7 messages, 70 %");
  CHECK(told("bob@t") == "9.8KiB and 7 messages, 100 %, full of octets");
  CHECK(told("cat@t") == "4.9KiB and 10 messages, 100 %, full of messages");
  const auto json = ctl::to_json(rooms.find("ann@t"), {10'000, 10});
  CHECK(json["octets"] == 5000);
  CHECK(json["percent"] == 70);
}

TEST_CASE("mailbox rooms: the fullest are named first, and not more than a few", "[ctl]") {
  Fixture f;
  f.count("low@t", {79, 1}, {100, 0});
  f.add_user("low@t", 100);
  for (std::uint64_t i = 0; i < 15; ++i) {
    const std::string user = "user" + std::to_string(i) + "@t";
    f.add_user(user, 100);
    f.count(user, {80 + i, 1}, {100, 0});
  }
  const auto full = MailboxRooms(f.settings).nearly_full(f.users);
  REQUIRE(full.size() == MailboxRooms::kMostNamed);
  CHECK(full.front().mailbox == "user14@t");
  CHECK(full.back().mailbox == "user5@t");
  CHECK(
      ctl::to_text(full).starts_with("mailbox nearly full: user14@t: 94B and 1 messages, 94 %\n"));
}

TEST_CASE("mailbox rooms: the quota of now counts, and who is a user now", "[ctl]") {
  Fixture f;
  for (const char* const mailbox : {"raised@t", "lowered@t", "unlimited@t", "gone@t"})
    f.count(mailbox, {90, 1}, {100, 0});
  f.add_user("raised@t", 1000);
  f.add_user("lowered@t", 90);
  f.add_user("unlimited@t", 0);
  const auto full = MailboxRooms(f.settings).nearly_full(f.users);
  REQUIRE(full.size() == 1);
  CHECK(full[0].mailbox == "lowered@t");
  CHECK(full[0].limit.octets == 90);
}

}  // namespace ctl_mailbox_rooms_test
