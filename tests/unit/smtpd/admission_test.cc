#include "smtpd/admission.h"

#include <string>

#include <catch2/catch.hpp>

#include "common/config/load.h"

namespace smtpd_admission_test {

using namespace postrider;
using namespace std::chrono_literals;
using smtpd::Admission;

namespace {

net::IpAddress ip(const std::string& text) { return net::IpAddress::parse(text).value(); }

struct Fixture {
  Fixture() {
    auto& smtpd = settings.smtpd;
    smtpd.connection_limit_per_address = 2;
    smtpd.connection_limit_per_network = 3;
    smtpd.connection_rate_per_address = 0;
    smtpd.connection_rate_per_network = 0;
    smtpd.error_limit = 2;
    smtpd.error_delay_max = 3s;
  }
  // The reason, or "".
  std::string enter(const std::string& address) {
    return std::string(admission().enter(ip(address)).value_or(""));
  }
  Admission& admission() {
    if (!admission_) admission_.emplace(tally, attempts, clock, settings);
    return *admission_;
  }

  config::Settings settings = config::defaults();
  limits::Bans bans;
  limits::Tally tally;
  ManualClock clock;
  log::Logger log{"smtpd", log::Level::info, log::Format::logfmt, clock, [](std::string_view) {}};
  metrics::Counters counters;
  auth::Attempts attempts{bans, settings.bans, clock, log, counters, &to_lower};

 private:
  std::optional<Admission> admission_;
};

}  // namespace

TEST_CASE("smtpd admission: the limits of connections are those of the configuration", "[smtpd]") {
  Fixture f;
  f.settings.smtpd.unlimited_networks = {"192.0.9.0/24"};
  CHECK(f.enter("192.0.2.1").empty());
  CHECK(f.enter("192.0.2.1").empty());
  CHECK(f.enter("192.0.2.1") == "too many connections from your address, try again later");
  CHECK(f.enter("192.0.2.2").empty());
  CHECK(f.enter("192.0.2.2") == "too many connections from your network, try again later");
  for (int i = 0; i < 10; ++i) CHECK(f.enter("192.0.9.1").empty());
  f.admission().leave(ip("192.0.2.1"));
  CHECK(f.enter("192.0.2.1").empty());
}

TEST_CASE("smtpd admission: connections come so often as the configuration says", "[smtpd]") {
  Fixture f;
  f.settings.smtpd.connection_rate_per_address = 3;
  f.settings.smtpd.connection_rate_per_network = 4;
  const auto come_and_go = [&](const std::string& address) {
    const std::string reason = f.enter(address);
    if (reason.empty()) f.admission().leave(ip(address));
    return reason;
  };
  for (int i = 0; i < 3; ++i) CHECK(come_and_go("192.0.2.1").empty());
  CHECK(come_and_go("192.0.2.1") == "connections too often from your address, try again later");
  CHECK(come_and_go("192.0.2.2").empty());
  CHECK(come_and_go("192.0.2.2") == "connections too often from your network, try again later");
}

TEST_CASE("smtpd admission: who is banned for wrong passwords is not let in, exempt or not",
          "[smtpd]") {
  Fixture f;
  f.settings.smtpd.unlimited_networks = {"192.0.2.0/24"};
  REQUIRE(f.bans.ban(limits::BanKind::address, "192.0.2.1", f.clock.now() + 1h, f.clock.now()));
  CHECK(f.enter("192.0.2.1") == "too many wrong passwords from your address, try again later");
  CHECK(f.enter("192.0.2.2").empty());
  f.clock.advance(1h);
  CHECK(f.enter("192.0.2.1").empty());
}

TEST_CASE("smtpd admission: the reply to errors is held back, longer and longer", "[smtpd]") {
  Fixture f;
  const auto note = [&](std::uint64_t errors) {
    return std::chrono::round<std::chrono::milliseconds>(
        f.admission().note_errors(ip("192.0.2.1"), errors));
  };
  CHECK(note(2) == 0ms);
  CHECK(note(1) == 1000ms);
  CHECK(note(1) == 2000ms);
  CHECK(note(5) == 3000ms);
  CHECK(f.admission().note_errors(ip("192.0.2.2"), 1) == 0us);
  f.clock.advance(6h);
  CHECK(note(1) == 0ms);
}

TEST_CASE("smtpd admission: limits hold for those in no exempt network, and where they are set",
          "[smtpd]") {
  Fixture f;
  const bool exempt = GENERATE(true, false);
  if (exempt) {
    f.settings.smtpd.unlimited_networks = {"192.0.2.0/24"};
  } else {
    f.settings.smtpd.connection_limit_per_address = 0;
    f.settings.smtpd.connection_limit_per_network = 0;
    f.settings.smtpd.error_delay = 0s;
  }
  for (int i = 0; i < 10; ++i) CHECK(f.enter("192.0.2.1").empty());
  CHECK(f.admission().note_errors(ip("192.0.2.1"), 100) == 0us);
}

}  // namespace smtpd_admission_test
