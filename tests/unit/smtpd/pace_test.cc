#include "smtpd/pace.h"

#include <string>

#include <catch2/catch.hpp>

namespace smtpd_pace_test {

using namespace postrider;
using namespace std::chrono_literals;
using smtpd::Pace;

namespace {

constexpr smtpd::PaceLimits kLimits{
    .command_timeout = 300s, .busy_timeout = 10s, .min_data_rate = 20};

struct Fixture {
  // Looked at every 2 seconds for `span`, with `each` said before each look.
  bool is_too_slow(std::chrono::seconds span, bool scarce, const std::string& each = "") {
    for (const auto end = now + span; now < end;) {
      now += 2s;
      say(each);
      if (pace.is_too_slow(session, kLimits, scarce, now)) return true;
    }
    return false;
  }
  void say(const std::string& bytes) {
    session.on_bytes(bytes);
    while (session.next_action())
      if (session.waiting() && answering) session.on_verdict({250, "2.0.0", "ok"});
  }
  void begin_message() {
    say("EHLO a.test\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\nDATA\r\n");
  }

  bool answering = true;
  smtp::ServerSettings settings{.hostname = "mx.test"};
  smtp::ServerSession session{settings, settings.offered};
  std::chrono::microseconds now{1s};
  Pace pace{now};
};

}  // namespace

TEST_CASE("smtpd pace: a command has to come in its time, however its octets trickle", "[smtpd]") {
  Fixture f;
  const std::string each = GENERATE("", "N");
  CHECK_FALSE(f.is_too_slow(300s, false, each));
  CHECK(f.is_too_slow(2s, false, each));
}

TEST_CASE("smtpd pace: who gives commands now and then gets on", "[smtpd]") {
  Fixture f;
  for (int i = 0; i < 5; ++i) {
    CHECK_FALSE(f.is_too_slow(298s, false));
    f.say("NOOP\r\n");
  }
}

TEST_CASE("smtpd pace: while slots are scarce, a message has to come at a rate", "[smtpd]") {
  Fixture f;
  f.begin_message();
  CHECK_FALSE(f.is_too_slow(100s, true, std::string(38, 'x') + "\r\n"));
  CHECK_FALSE(f.is_too_slow(10s, true, "x"));
  CHECK(f.is_too_slow(2s, true, "x"));
}

TEST_CASE("smtpd pace: while slots are scarce, a message that is refused keeps none", "[smtpd]") {
  Fixture f;
  f.say("EHLO a.test\r\nMAIL FROM:<a@a.test>\r\nRCPT TO:<b@b.test>\r\n");
  f.say(GENERATE(as<std::string>(), "DATA\r\nbare\nlf\r\n", "BDAT 18446744073709551615\r\n"));
  const std::string each = std::string(98, 'x') + "\r\n";
  CHECK_FALSE(f.is_too_slow(12s, true, each));
  CHECK(f.is_too_slow(2s, true, each));
}

TEST_CASE("smtpd pace: while slots are scarce, what brings no message nearer keeps no slot",
          "[smtpd]") {
  Fixture f;
  f.say("EHLO a.test\r\nMAIL FROM:<a@a.test>\r\n");
  const std::string each =
      GENERATE(as<std::string>(), "", "NOOP\r\n", "RSET\r\n", "EHLO a.test\r\n", "VRFY a\r\n",
               "FOO\r\n", "RSET\r\nMAIL FROM:<a@a.test>\r\n", "HELP with a hundred octets\r\n",
               "BDAT 100\r\n" + std::string(100, 'x'));
  f.settings.bad_command_limit = 1000;
  CHECK_FALSE(f.is_too_slow(12s, true, each));
  CHECK(f.is_too_slow(2s, true, each));
}

TEST_CASE("smtpd pace: while slots are scarce, each step of a transaction keeps one", "[smtpd]") {
  Fixture f;
  f.say("EHLO a.test\r\n");
  for (int message = 0; message < 2; ++message)
    for (const std::string step : {"MAIL FROM:<a@a.test>\r\n", "RCPT TO:<b@b.test>\r\n",
                                   "RCPT TO:<c@b.test>\r\n", "DATA\r\n.\r\n"}) {
      CHECK_FALSE(f.is_too_slow(10s, true));
      f.say(step);
    }
  CHECK_FALSE(f.is_too_slow(12s, true));
  CHECK(f.is_too_slow(2s, true));
}

TEST_CASE("smtpd pace: while there are slots, a slow message is waited for", "[smtpd]") {
  Fixture f;
  f.begin_message();
  CHECK_FALSE(f.is_too_slow(1000s, false, "x"));
}

TEST_CASE("smtpd pace: who waits for us is not slow", "[smtpd]") {
  Fixture f;
  f.say("EHLO a.test\r\n");
  f.answering = false;
  f.say("MAIL FROM:<a@a.test>\r\n");
  REQUIRE(f.session.busy());
  CHECK_FALSE(f.is_too_slow(3600s, true));
}

TEST_CASE("smtpd pace: who was idle while there were slots, and waits for us now, is not slow",
          "[smtpd]") {
  Fixture f;
  f.say("EHLO a.test\r\n");
  CHECK_FALSE(f.is_too_slow(100s, false));
  f.answering = false;
  f.say("MAIL FROM:<a@a.test>\r\n");
  REQUIRE(f.session.busy());
  CHECK_FALSE(f.is_too_slow(2s, true));
}

TEST_CASE("smtpd pace: what a client waits for us is not added to its time, nor taken from it",
          "[smtpd]") {
  Fixture f;
  f.say("EHLO a.test\r\n");
  CHECK_FALSE(f.is_too_slow(10s, true));
  f.answering = false;
  f.say("MAIL FROM:<a@a.test>\r\n");
  CHECK_FALSE(f.is_too_slow(60s, true));
  f.session.on_verdict({550, "5.7.1", "no"});
  CHECK_FALSE(f.is_too_slow(2s, true));
  CHECK(f.is_too_slow(2s, true));
}

}  // namespace smtpd_pace_test
