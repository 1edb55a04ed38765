#include "common/auth/attempts.h"

#include <map>
#include <optional>

#include <catch2/catch.hpp>

#include "common/base/ascii.h"
#include "common/config/load.h"
#include "tests/unit/limits/held_lock.h"
#include "tests/unit/temp_directory.h"

namespace auth_attempts_test {

using namespace postrider;
using namespace std::chrono_literals;
using metrics::Counter;
using Counted = std::map<std::string, double>;
using End = auth::Attempt::End;

namespace {

struct Fixture {
  auth::Consequence fail(const std::string& ip = "192.0.2.1",
                         std::string_view user = "anna@a.test") {
    return end(End::refused, ip, user);
  }
  auth::Consequence succeed(const std::string& ip = "192.0.2.1",
                            std::string_view user = "anna@a.test") {
    return end(End::accepted, ip, user);
  }
  auth::Consequence end(End how, const std::string& ip, std::string_view user) {
    return attempts().note({*net::IpAddress::parse(ip), user, "PLAIN", how, "wrong password"});
  }
  // What is counted against an address or an account, by its name.
  std::map<std::string, double> failures() const {
    std::map<std::string, double> counted;
    const auto rows = bans.list(settings.memory, clock.now());
    REQUIRE(rows);
    for (const limits::BanRow& row : *rows) counted[row.name] = row.failures;
    return counted;
  }
  auth::Attempts& attempts() {
    if (!attempts_)
      attempts_.emplace(bans, settings, clock, log, counters, [](std::string_view user) {
        const std::string lower = to_lower(user);
        return lower == "anna@alias.test" ? std::string("anna@a.test") : lower;
      });
    return *attempts_;
  }

  limits::Bans bans;
  config::Settings::Bans settings = config::defaults().bans;
  ManualClock clock;
  std::string lines;
  log::Logger log{"test", log::Level::info, log::Format::logfmt, clock,
                  [this](std::string_view text) { lines += text; }};
  metrics::Counters counters;

 private:
  std::optional<auth::Attempts> attempts_;
};

}  // namespace

TEST_CASE("attempts: that none can be judged is told once, and that it is over", "[auth]") {
  Fixture f;
  const auto told = [&](std::string_view event) {
    const std::size_t first = f.lines.find(event);
    return first != std::string::npos && first == f.lines.rfind(event);
  };
  for (int i = 0; i < 3; ++i) f.attempts().note_unavailable("away");
  CHECK(told("event=authentication_unavailable reason=away effect="));
  f.fail();
  CHECK_FALSE(told("event=authentication_available"));
  f.succeed();
  f.succeed();
  CHECK(told("event=authentication_available"));
}

TEST_CASE("attempts: each is counted, and who failed is told in a line of its own", "[auth]") {
  Fixture f;
  const net::IpAddress client = *net::IpAddress::parse("2001:db8::1");

  f.attempts().note({client, "anna@a.test", "PLAIN", End::accepted, {}});
  CHECK(f.lines.empty());
  CHECK(f.counters.value(Counter::authentications) == 1);
  CHECK(f.counters.value(Counter::authentication_failures) == 0);

  f.attempts().note({client, "x\" event=forged\n", "SCRAM-SHA-256", End::refused, "no such user"});
  CHECK(f.lines.find(
            "event=authentication_failed user=\"x\\\" event=forged\\u000a\" client=2001:db8::1 "
            "mechanism=SCRAM-SHA-256 reason=\"no such user\"\n") != std::string::npos);
  CHECK(f.counters.value(Counter::authentications) == 1);
  CHECK(f.counters.value(Counter::authentication_failures) == 1);
}

TEST_CASE("attempts: with each wrong password the reply takes longer, up to a limit", "[auth]") {
  Fixture f;
  f.settings.delay = 2s;
  f.settings.delay_max = 5s;
  CHECK(f.fail().delay == 2s);
  CHECK(f.fail("192.0.2.1", "other@a.test").delay == 4s);
  CHECK(f.fail().delay == 5s);
  CHECK(f.fail("192.0.2.2").delay == 2s);
  CHECK(f.succeed().delay == 0s);
}

TEST_CASE("attempts: an address with too many is banned, whatever the accounts", "[auth]") {
  Fixture f;
  f.settings.address_failures = 3;
  const std::string other = GENERATE("192.0.2.2", "2001:db8:1::1");
  const std::string ip = other == "192.0.2.2" ? "192.0.2.1" : "2001:db8::1";
  for (int i = 0; i < 3; ++i) CHECK_FALSE(f.fail(ip, std::to_string(i)).banned);
  CHECK_FALSE(f.attempts().is_banned(*net::IpAddress::parse(ip)));
  f.fail(ip, "anna@a.test");
  CHECK(f.attempts().is_banned(*net::IpAddress::parse(ip)));
  CHECK(f.lines.find("event=banned kind=address name=") != std::string::npos);
  CHECK_FALSE(f.attempts().is_banned(*net::IpAddress::parse(other)));
  CHECK(f.succeed(ip).banned);  // in a session that began before the ban
  CHECK_FALSE(f.succeed(other).banned);
  f.clock.advance(2 * f.settings.duration);
  CHECK_FALSE(f.succeed(ip).banned);
}

TEST_CASE("attempts: an account with too many is banned, from wherever, known or not", "[auth]") {
  Fixture f;
  f.settings.account_failures = 2;
  for (int i = 0; i < 3; ++i) f.fail("192.0.2." + std::to_string(i), "Anna@a.test");
  const auto right = f.succeed("192.0.2.9", "anna@A.test");
  const auto wrong = f.fail("192.0.2.8", "anna@a.test");
  CHECK(right.banned);
  CHECK(wrong.banned);
  CHECK(right.delay == wrong.delay);
  CHECK_FALSE(f.succeed("192.0.2.9", "bob@a.test").banned);
  CHECK(f.lines.find("reason=\"the address or the account is banned\"") != std::string::npos);
}

TEST_CASE("attempts: an account is banned under all its names", "[auth]") {
  Fixture f;
  f.settings.account_failures = 2;
  for (const char* user : {"anna@a.test", "anna@alias.test", "Anna@Alias.test"})
    f.fail("192.0.2.1", user);
  CHECK(f.failures().count("anna@alias.test") == 0);
  for (const char* user : {"anna@a.test", "anna@alias.test"}) {
    CHECK(f.attempts().is_banned(*net::IpAddress::parse("192.0.2.9"), user));
    CHECK(f.succeed("192.0.2.9", user).banned);
  }
}

TEST_CASE("attempts: while a ban holds, whatever is tried counts for nothing and waits the same",
          "[auth]") {
  Fixture f;
  f.settings.delay = 2s;
  f.settings.duration = 1h;
  const auto [kind, name] = GENERATE(table<limits::BanKind, const char*>(
      {{limits::BanKind::account, "anna@a.test"}, {limits::BanKind::address, "192.0.2.1"}}));
  f.fail("192.0.2.1", "anna@a.test");
  REQUIRE(f.bans.ban(kind, name, f.clock.now() + 1h, f.clock.now()));
  const Counted before = f.failures();
  for (const End how : {End::banned, End::accepted, End::refused, End::abandoned}) {
    const auto consequence = f.end(how, "192.0.2.1", "Anna@a.test");
    CHECK(consequence.banned);
    CHECK(consequence.delay == 2s);
  }
  CHECK(f.failures() == before);
  CHECK(f.attempts().is_banned(*net::IpAddress::parse("192.0.2.1"), "anna@a.test"));
  f.clock.advance(1h);
  CHECK_FALSE(f.attempts().is_banned(*net::IpAddress::parse("192.0.2.1"), "anna@a.test"));
  // It was asked for in time, and is over by now.
  CHECK(f.end(End::banned, "192.0.2.1", "anna@a.test").banned);
}

TEST_CASE("attempts: one that its client abandons counts for the address alone", "[auth]") {
  Fixture f;
  CHECK_FALSE(f.end(End::abandoned, "192.0.2.1", "anna@a.test").banned);
  CHECK(f.failures() == Counted{{"192.0.2.1", 1.0}});
  CHECK(f.counters.value(Counter::authentication_failures) == 1);
}

TEST_CASE("attempts: an address that is exempt is not banned, and waits no longer each time",
          "[auth]") {
  Fixture f;
  f.settings.address_failures = 1;
  f.settings.exempt_networks = {"192.0.2.0/24"};
  for (int i = 0; i < 5; ++i)
    CHECK(f.fail("192.0.2.1", std::to_string(i)).delay == f.settings.delay);
  CHECK_FALSE(f.attempts().is_banned(*net::IpAddress::parse("192.0.2.1")));
}

TEST_CASE("attempts: while the bans cannot be asked nobody is banned, and the log says so once",
          "[auth][slow]") {
  const test::TempDirectory folder;
  Fixture f;
  f.settings.address_failures = 1;
  f.bans = limits::Bans::open(folder.path("bans")).value();
  f.fail();
  CHECK(f.fail().banned == false);
  REQUIRE(f.attempts().is_banned(*net::IpAddress::parse("192.0.2.1")));
  {
    const test::HeldLock stopped(folder.path("bans"));
    CHECK_FALSE(f.attempts().is_banned(*net::IpAddress::parse("192.0.2.1")));
    CHECK(f.fail().delay == f.settings.delay);
  }
  const auto told = f.lines.find("event=bans_unreachable");
  REQUIRE(told != std::string::npos);
  CHECK(f.lines.find("event=bans_unreachable", told + 1) == std::string::npos);
  CHECK(f.attempts().is_banned(*net::IpAddress::parse("192.0.2.1")));
  CHECK(f.lines.find("event=bans_reachable") != std::string::npos);
}

}  // namespace auth_attempts_test
