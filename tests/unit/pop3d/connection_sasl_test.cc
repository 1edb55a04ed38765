// connection_sasl_test.cc - logins of a Connection by SASL and APOP, and the delay between logins.
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "common/base/base64.h"
#include "tests/unit/monotonic_clock.h"
#include "tests/unit/pop3d/connection_fixture.h"

namespace pop3d_connection_sasl_test {

using namespace postrider;
using namespace postrider::pop3d;
using namespace std::chrono_literals;
using testing::Fixture;

namespace {

std::string plain(std::string_view user, std::string_view password) {
  using namespace std::string_literals;
  return "AUTH PLAIN " + to_base64("\0"s + std::string(user) + "\0"s + std::string(password));
}

}  // namespace

TEST_CASE("pop3d connection: AUTH logs in, and the log tells by which mechanism and password",
          "[pop3d]") {
  Fixture f;
  f.connect();
  f.receive_until("\r\n");
  if (GENERATE(true, false)) {
    CHECK(f.say(plain("ann@t", "app")).starts_with("+OK"));
    CHECK(f.lines.find("messages=0 mechanism=PLAIN app_password=phone") != std::string::npos);
  } else {
    f.say("AUTH LOGIN");
    f.say(to_base64("ann@t"));
    CHECK(f.say(to_base64("secret")).starts_with("+OK"));
    CHECK(f.lines.find("messages=0 mechanism=LOGIN\n") != std::string::npos);
  }
  CHECK(f.say("STAT") == "+OK 0 0\r\n");
  CHECK(f.counters.value(metrics::Counter::authentications) == 1);
  CHECK(f.counters.value(metrics::Counter::pop3_logins) == 1);
  f.leave();
}

TEST_CASE("pop3d connection: a wrong password by AUTH is as one by PASS", "[pop3d]") {
  Fixture f;
  f.connect();
  f.receive_until("\r\n");
  CHECK(f.say(plain("ann@t", "hunter2")) == "-ERR [AUTH] wrong user or password\r\n");
  CHECK(f.lines.find("event=authentication_failed user=ann@t client=" + net::IpAddress().str() +
                     " mechanism=PLAIN reason=\"wrong password\"") != std::string::npos);
  CHECK(f.lines.find("hunter2") == std::string::npos);
  CHECK(f.counters.value(metrics::Counter::pop3_logins_refused) == 1);
  CHECK(f.say(plain("ann@t", "secret")).starts_with("+OK"));
  f.leave();
}

TEST_CASE("pop3d connection: what is no message of the mechanism is told so", "[pop3d]") {
  Fixture f;
  f.connect();
  f.receive_until("\r\n");
  CHECK(f.say("AUTH PLAIN AAAA") == "-ERR the response is none of this mechanism\r\n");
  CHECK(f.credentials.asked == 0);
  f.leave();
}

TEST_CASE("pop3d connection: SCRAM of an unknown user fails at its end alone", "[pop3d]") {
  Fixture f;
  f.connect();
  f.receive_until("\r\n");
  CHECK(f.say("AUTH SCRAM-SHA-256 " + to_base64("n,,n=bob@t,r=rOprNGfwEbeRWgbNEkqO"))
            .starts_with("+ "));
  CHECK(f.credentials.asked == 1);
  f.leave();
}

TEST_CASE("pop3d connection: told to end within a login, it ends when that has its answer",
          "[pop3d]") {
  Fixture f;
  f.connect();
  f.receive_until("\r\n");
  f.send("AUTH SCRAM-SHA-256 " + to_base64("n,,n=bob@t,r=rOprNGfwEbeRWgbNEkqO") + "\r\n");
  while (f.credentials.asked == 0) event_base_loop(f.loop.raw(), EVLOOP_ONCE);
  if (!f.done) f.connection->end_when_idle();
  if (!f.done) f.loop.run();
  CHECK(f.done);
}

TEST_CASE("pop3d connection: while an account is banned no way leads in, and none is looked at",
          "[pop3d]") {
  Fixture f;
  f.apop_timestamp = "<1@mx.test>";
  REQUIRE(f.bans.ban(limits::BanKind::account, "ann@t", f.clock.now() + 1h, f.clock.now()));
  f.connect("192.0.2.1");
  f.receive_until("\r\n");
  for (const std::string& line :
       {plain("ann@t", "secret"), "APOP ann@t " + std::string(32, '0'),
        "AUTH SCRAM-SHA-256 " + to_base64("n,,n=ann@t,r=rOprNGfwEbeRWgbNEkqO")})
    CHECK(f.say(line) == "-ERR [SYS/TEMP] too many wrong passwords, try again later\r\n");
  CHECK(f.credentials.asked == 0);
  f.leave();
}

TEST_CASE("pop3d connection: a directory in trouble is not a wrong password by AUTH either",
          "[pop3d]") {
  Fixture f;
  f.credentials.broken = true;
  f.connect();
  f.receive_until("\r\n");
  CHECK(f.say(plain("ann@t", "secret")).starts_with("-ERR [SYS/TEMP]"));
  f.leave();
}

TEST_CASE("pop3d connection: APOP logs in by its digest", "[pop3d]") {
  Fixture f;
  f.apop_timestamp = "<1896.697170952@dbc.mtview.ca.us>";
  f.connect();
  CHECK(f.receive_until("\r\n").ends_with(" <1896.697170952@dbc.mtview.ca.us>\r\n"));
  CHECK(f.say("APOP ann@t " + std::string(32, '0')) == "-ERR [AUTH] wrong user or password\r\n");
  CHECK(f.lines.find("mechanism=APOP reason=\"wrong digest\"") != std::string::npos);
  CHECK(f.say("APOP ann@t 3f18b52881e44c0cc6067f46e0ced7bc").starts_with("+OK"));
  CHECK(f.lines.find("messages=0 mechanism=APOP\n") != std::string::npos);
  f.leave();
}

TEST_CASE("pop3d connection: a password whose answer is not waited for counts as abandoned",
          "[pop3d]") {
  Fixture f;
  f.credentials.silent = true;
  f.connect("192.0.2.1");
  f.receive_until("\r\n");
  f.send(GENERATE(std::string("USER ann@t\r\nPASS secret\r\n"), plain("ann@t", "secret") + "\r\n"));
  while (f.credentials.asked == 0) event_base_loop(f.loop.raw(), EVLOOP_ONCE);
  // Nothing is read while a question is open: the time for a login ends it.
  postrider::test::pass_time(Connection::kLoginTime);
  if (!f.done) f.loop.run();
  CHECK(f.done);
  CHECK(f.lines.find("reason=\"the client left before the answer\"") != std::string::npos);
}

TEST_CASE("pop3d connection: a second login within the delay is told to wait", "[pop3d]") {
  Fixture f;
  f.options.login_delay = 900s;
  f.connect();
  f.log_in();
  f.say("QUIT");
  f.leave();
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, f.fds.data()) == 0);
  f.done = false;
  f.connect();
  f.receive_until("\r\n");
  f.say("USER ann@t");
  CHECK(f.say("PASS secret") ==
        "-ERR [LOGIN-DELAY] the last login was just now, try again later\r\n");
  CHECK(f.lines.find("event=login_refused user=ann@t") != std::string::npos);
  f.clock.advance(900s);
  f.say("USER ann@t");
  CHECK(f.say("PASS secret").starts_with("+OK"));
  f.leave();
}

}  // namespace pop3d_connection_sasl_test
