#include "pop3d/connection.h"

#include <catch2/catch.hpp>

#include "tests/unit/monotonic_clock.h"
#include "tests/unit/pop3d/connection_fixture.h"

namespace pop3d_connection_test {

using namespace postrider;
using namespace postrider::pop3d;
using namespace std::chrono_literals;
using testing::Fixture;

TEST_CASE("pop3d connection: a mailbox is fetched and emptied", "[pop3d]") {
  Fixture f;
  f.put("1.a.h", "Subject: x\n\n.dot\n");
  f.put("2.b.h", "Subject: y\n\nz\n");
  f.connect();
  f.log_in();
  CHECK(f.say("STAT") == "+OK 2 37\r\n");
  CHECK(f.say("RETR 1", "\r\n.\r\n") == "+OK 20 octets\r\nSubject: x\r\n\r\n..dot\r\n.\r\n");
  CHECK(f.say("DELE 1").starts_with("+OK"));
  CHECK(f.say("QUIT") == "+OK 1 messages removed, bye\r\n");
  f.leave();
  CHECK(f.done);
  CHECK(files_in(f.box / "new") == std::vector<std::string>{"2.b.h,S=14,W=17"});
  CHECK(f.counters.value(metrics::Counter::pop3_logins) == 1);
  CHECK(f.counters.value(metrics::Counter::pop3_messages_retrieved) == 1);
  CHECK(f.counters.value(metrics::Counter::pop3_messages_deleted) == 1);
  CHECK(f.lines.find("event=login user=ann@t") != std::string::npos);
  CHECK(f.lines.find("event=logout user=ann@t client=0.0.0.0 how=quit retrieved=1 deleted=1") !=
        std::string::npos);
}

TEST_CASE("pop3d connection: a client that leaves without QUIT deletes nothing", "[pop3d]") {
  Fixture f;
  f.put("1.a.h,S=2,W=3", "x\n");
  f.connect();
  f.log_in();
  f.say("DELE 1");
  f.leave();
  CHECK(files_in(f.box / "new").size() == 1);
  CHECK(f.lines.find("how=closed_by_client retrieved=0 deleted=0") != std::string::npos);
}

TEST_CASE("pop3d connection: a wrong password is refused and told, but never shown", "[pop3d]") {
  Fixture f;
  f.connect();
  f.receive_until("\r\n");
  f.say("USER ann@t");
  CHECK(f.say("PASS hunter2") == "-ERR [AUTH] wrong user or password\r\n");
  CHECK(f.lines.find("event=authentication_failed user=ann@t client=" + net::IpAddress().str() +
                     " mechanism=USER reason=\"wrong password\"") != std::string::npos);
  CHECK(f.lines.find("hunter2") == std::string::npos);
  CHECK(f.counters.value(metrics::Counter::pop3_logins_refused) == 1);
  f.leave();
}

TEST_CASE("pop3d connection: while an account is banned, right and wrong passwords look the same",
          "[pop3d]") {
  Fixture f;
  REQUIRE(f.bans.ban(limits::BanKind::account, "ann@t", f.clock.now() + 1h, f.clock.now()));
  f.connect("192.0.2.1");
  f.receive_until("\r\n");
  for (const char* pass : {"PASS secret", "PASS hunter2"}) {
    f.say("USER Ann@t");
    CHECK(f.say(pass) == "-ERR [SYS/TEMP] too many wrong passwords, try again later\r\n");
  }
  CHECK(f.credentials.asked == 0);
  CHECK(f.bans.list(1h, f.clock.now()).value().size() == 1);
  CHECK(f.counters.value(metrics::Counter::pop3_logins_refused) == 2);
  f.clock.advance(1h);
  f.say("USER ann@t");
  CHECK(f.say("PASS secret").starts_with("+OK"));
  f.leave();
}

TEST_CASE("pop3d connection: a directory in trouble is not a wrong password", "[pop3d]") {
  Fixture f;
  f.credentials.broken = true;
  f.connect();
  f.receive_until("\r\n");
  f.say("USER ann@t");
  CHECK(f.say("PASS secret").starts_with("-ERR [SYS/TEMP]"));
  // The log says so once, not for each who tries.
  f.say("USER ann@t");
  CHECK(f.say("PASS secret").starts_with("-ERR [SYS/TEMP]"));
  f.leave();
  const std::size_t told = f.lines.find("event=authentication_unavailable reason=\"no database\"");
  REQUIRE(told != std::string::npos);
  CHECK(f.lines.find("event=authentication_unavailable", told + 1) == std::string::npos);
  CHECK(f.lines.find("event=login_refused") == std::string::npos);
}

TEST_CASE("pop3d connection: a mailbox that is open elsewhere is in use", "[pop3d]") {
  Fixture f;
  const auto elsewhere = maildir::Mailbox::open(f.mail.path(), "ann@t", f.clock.now());
  f.connect();
  f.receive_until("\r\n");
  f.say("USER ann@t");
  CHECK(f.say("PASS secret").starts_with("-ERR [IN-USE]"));
  (*elsewhere)->release();
  f.say("USER ann@t");
  CHECK(f.say("PASS secret").starts_with("+OK"));
  f.leave();
}

TEST_CASE("pop3d connection: the mailbox is free when the answer to QUIT arrives", "[pop3d]") {
  Fixture f;
  f.put("1.a.h,S=2,W=3", "x\n");
  f.connect();
  f.log_in();
  if (GENERATE(false, true)) f.say("DELE 1");
  f.say("QUIT");
  const auto next = maildir::Mailbox::open(f.mail.path(), "ann@t", f.clock.now());
  REQUIRE(next.has_value());
  CHECK(*next != nullptr);
  f.leave();
}

TEST_CASE("pop3d connection: a client that leaves during the login cancels it", "[pop3d]") {
  Fixture f;
  f.credentials.silent = true;
  f.connect();
  f.receive_until("\r\n");
  f.send("USER ann@t\r\nPASS secret\r\n");
  event::Timer gone(f.loop, [&] {
    f.connection->end_when_idle();
    f.loop.stop();
  });
  gone.arm(1ms);
  f.receive_until("never");
  CHECK(f.credentials.asked == 1);
  CHECK_FALSE(f.done);
  f.connection.reset();
  CHECK(f.counters.value(metrics::Counter::pop3_logins) == 0);
}

TEST_CASE("pop3d connection: large messages and long lists come through whole, pipelined",
          "[pop3d][slow]") {
  Fixture f;
  std::string text;
  std::string wire;
  for (int i = 0; text.size() < 1'000'000; ++i) {
    const std::string line = ".line " + std::to_string(i);
    text += line + "\n";
    wire += "." + line + "\r\n";
  }
  f.put("1.a.h", text);
  for (int i = 2; i < 2'000; ++i) f.put(std::to_string(i) + ".a.h,S=2,W=3", "x\n");
  f.connect();
  f.log_in();
  f.send("RETR 1\r\nUIDL\r\nRETR 1\r\nQUIT\r\n");
  const std::string all = f.receive_until("bye\r\n");
  CHECK(std::count(all.begin(), all.end(), '\n') >
        2 * std::count(text.begin(), text.end(), '\n') + 1'998);
  CHECK(all.find("octets\r\n" + wire + ".\r\n+OK 1999 messages\r\n1 1.a.h\r\n") !=
        std::string::npos);
  CHECK(all.find("octets\r\n" + wire + ".\r\n+OK bye\r\n") != std::string::npos);
  f.leave();
}

TEST_CASE("pop3d connection: files that are not served are told once, in the log", "[pop3d]") {
  Fixture f;
  f.put("1.torn.h,S=9,W=9", "x\n");
  f.connect();
  f.log_in();
  CHECK(f.say("STAT") == "+OK 0 0\r\n");
  CHECK(f.lines.find("event=files_not_served user=ann@t count=1") != std::string::npos);
  f.leave();
}

TEST_CASE("pop3d connection: a message that is gone is refused, the rest is served", "[pop3d]") {
  Fixture f;
  f.put("1.a.h,S=2,W=3", "x\n");
  f.put("2.b.h,S=2,W=3", "y\n");
  f.connect();
  f.log_in();
  std::filesystem::remove(f.box / "new" / "1.a.h,S=2,W=3");
  CHECK(f.say("RETR 1").starts_with("-ERR [SYS/TEMP]"));
  CHECK(f.say("RETR 2", "\r\n.\r\n") == "+OK 3 octets\r\ny\r\n.\r\n");
  f.leave();
}

TEST_CASE("pop3d connection: told to end, it ends at once when it does nothing", "[pop3d]") {
  Fixture f;
  f.connect();
  f.log_in();
  f.connection->end_when_idle();
  CHECK(f.done);
  CHECK(f.lines.find("how=shutdown") != std::string::npos);
}

TEST_CASE("pop3d connection: a client that is silent too long is left, nothing deleted",
          "[pop3d]") {
  Fixture f;
  f.put("1.a.h,S=2,W=3", "x\n");
  f.options.timeout = 600s;
  f.connect();
  f.log_in();
  f.say("DELE 1");
  postrider::test::pass_time(599s);
  CHECK(f.say("NOOP").starts_with("+OK"));
  postrider::test::pass_time(600s);
  if (!f.done) f.loop.run();
  CHECK(f.done);
  CHECK(f.lines.find("how=timeout") != std::string::npos);
  CHECK(files_in(f.box / "new").size() == 1);
}

}  // namespace pop3d_connection_test
