#include "common/limits/connections.h"

#include <string>

#include <catch2/catch.hpp>

#include "tests/unit/temp_directory.h"

namespace limits_connections_test {

using namespace postrider;
using namespace std::chrono_literals;
using limits::Connections;

namespace {

net::IpAddress ip(const std::string& text) { return net::IpAddress::parse(text).value(); }

struct Fixture {
  explicit Fixture(limits::ConnectionLimits limits)
      : connections(tally, clock, std::move(limits)) {}
  // The reason, or "".
  std::string enter(const std::string& address) {
    return std::string(connections.enter(ip(address)).value_or(""));
  }
  std::string come_and_go(const std::string& address) {
    const std::string reason = enter(address);
    if (reason.empty()) connections.leave(ip(address));
    return reason;
  }

  limits::Tally tally;
  ManualClock clock;
  Connections connections;
};

}  // namespace

TEST_CASE("connections: an address has so many connections at a time, and its network too",
          "[limits]") {
  const auto [a, b, far] = GENERATE(table<const char*, const char*, const char*>(
      {{"192.0.2.1", "192.0.2.200", "192.0.3.1"},
       {"2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"}}));
  Fixture f({.per_address = 2, .per_network = 3});
  CHECK(f.enter(a).empty());
  CHECK(f.enter(a).empty());
  CHECK(f.enter(a) == "too many connections from your address, try again later");
  CHECK(f.enter(b).empty());
  CHECK(f.enter(b) == "too many connections from your network, try again later");
  CHECK(f.enter(far).empty());
  f.connections.leave(ip(a));
  CHECK(f.enter(b).empty());
  CHECK_FALSE(f.enter(a).empty());
}

TEST_CASE("connections: an address connects so often in a minute, and its network too",
          "[limits]") {
  Fixture f({.rate_per_address = 10, .rate_per_network = 15});
  for (int i = 0; i < 10; ++i) CHECK(f.come_and_go("192.0.2.1").empty());
  CHECK(f.come_and_go("192.0.2.1") == "connections too often from your address, try again later");
  for (int i = 0; i < 5; ++i) CHECK(f.come_and_go("192.0.2.2").empty());
  CHECK(f.come_and_go("192.0.2.3") == "connections too often from your network, try again later");
  CHECK(f.come_and_go("192.0.9.1").empty());
  f.clock.advance(5min);
  CHECK(f.come_and_go("192.0.2.1").empty());
}

TEST_CASE("connections: nothing limits those of an unlimited network, nor without a number",
          "[limits]") {
  Fixture f(GENERATE(
      values<limits::ConnectionLimits>({{}, {1, 1, 1, 1, net::parse_networks({"192.0.2.0/24"})}})));
  for (int i = 0; i < 10; ++i) CHECK(f.enter("192.0.2.1").empty());
}

TEST_CASE("connections: a client whose address is not known is not counted", "[limits]") {
  Fixture f({.per_address = 1});
  for (int i = 0; i < 3; ++i) CHECK(f.enter("0.0.0.0").empty());
}

TEST_CASE("connections: a user of this host has so many at a time, as often as it likes",
          "[limits]") {
  Fixture f({.per_address = 2, .per_network = 1, .rate_per_address = 1});
  CHECK_FALSE(f.connections.enter_user(1000));
  CHECK_FALSE(f.connections.enter_user(1000));
  CHECK(f.connections.enter_user(1000) ==
        "too many connections from clients like you, try again later");
  CHECK_FALSE(f.connections.enter_user(1001));
  f.connections.leave_user(1000);
  CHECK_FALSE(f.connections.enter_user(1000));
}

TEST_CASE("connections: counts that cannot be shared are a worker's own, and the log says so",
          "[limits]") {
  const ManualClock clock;
  std::string lines;
  log::Logger log{"smtpd", log::Level::info, log::Format::logfmt, clock,
                  [&](std::string_view text) { lines += text; }};
  const test::TempDirectory folder;
  const auto shared = limits::open_tally(folder.path(), "smtpd", log);
  CHECK(lines.empty());
  CHECK(std::filesystem::exists(folder.path("smtpd.clients")));
  auto alone = limits::open_tally(folder.path("missing"), "smtpd", log);
  CHECK(lines.find("event=clients_not_shared reason=") != std::string::npos);
  const auto key = alone.key("connections", "192.0.2.1");
  alone.enter(key, clock.now());
  CHECK(alone.present(key) == 1);
}

}  // namespace limits_connections_test
