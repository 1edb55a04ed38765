#include "pop3d/connection.h"

#include <sys/socket.h>

#include <array>

#include <catch2/catch.hpp>

#include "common/base/base64.h"
#include "common/event/answer_later.h"
#include "common/sasl/apop.h"
#include "tests/unit/maildir/mail_directory.h"
#include "tests/unit/monotonic_clock.h"

namespace pop3d_connection_test {

using namespace postrider;
using namespace postrider::pop3d;
using namespace std::chrono_literals;

namespace {

// Knows ann@t with the password "secret"; answers from the loop.
class FakeCredentials final : public directory::Credentials {
 public:
  explicit FakeCredentials(event::EventLoop& loop) : loop_(loop) {}

  bool broken = false;
  bool silent = false;  // never answers
  int asked = 0;

  PendingPtr find_scram_keys(std::string_view, directory::Service,
                             UniqueFunction<void(Result<directory::ScramAnswer>)> done) override {
    ++asked;
    return event::answer_later(loop_,
                               Result<directory::ScramAnswer>(
                                   directory::ScramAnswer{.user = {"salt of 16 octets", 2, {}}}),
                               std::move(done));
  }

  PendingPtr verify_apop(std::string_view address, std::string_view timestamp,
                         std::string_view digest,
                         UniqueFunction<void(Result<directory::LoginAnswer>)> done) override {
    ++asked;
    directory::LoginAnswer login{.reason = "wrong digest"};
    if (address == "ann@t" && sasl::apop_fits(timestamp, Secret("secret"), digest))
      login = {.accepted = true, .mailbox = "ann@t"};
    return event::answer_later(loop_, Result<directory::LoginAnswer>(login), std::move(done));
  }

  PendingPtr verify_password(std::string_view address, Secret password, directory::Service service,
                             UniqueFunction<void(Result<directory::LoginAnswer>)> done) override {
    CHECK(service == directory::Service::pop3);
    ++asked;
    struct Answer final : Pending {
      UniqueFunction<void(Result<directory::LoginAnswer>)> done;
    };
    auto answer = std::make_unique<Answer>();
    if (silent) return answer;
    directory::LoginAnswer login{.reason = "wrong password"};
    if (address == "ann@t" && password.reveal() == "secret")
      login = {.accepted = true, .mailbox = "ann@t"};
    if (address == "ann@t" && password.reveal() == "app")
      login = {.accepted = true, .mailbox = "ann@t", .app_password = "phone"};
    // Called from its own stack frame: the callback may destroy the Pending.
    loop_.defer([done = std::move(done), login, broken = broken]() mutable {
      if (broken) return done(fail(ErrorKind::temporary, "no database"));
      done(login);
    });
    return answer;
  }

 private:
  event::EventLoop& loop_;
};

// A Connection over a socket pair; the client's end is played by the test.
struct Fixture {
  Fixture() {
    box = mail.create("t/ann");
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()) == 0);
  }
  ~Fixture() {
    if (client >= 0) ::close(client);
  }

  void connect(const char* address = "0.0.0.0") {
    client = fds[1];
    connection = std::make_unique<Connection>(
        services, options,
        SessionOptions{.hostname = "mx.test",
                       .plaintext = Plaintext::allowed,
                       .apop_timestamp = apop_timestamp},
        Fd(fds[0]), net::SocketAddress{*net::IpAddress::parse(address), 40000}, [this] {
          done = true;
          loop.destroy_later(std::move(connection));
          loop.stop();
        });
  }

  void send(std::string_view text) {
    REQUIRE(::send(client, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  }

  // Runs the loop until the client has received `end`, or the connection is over.
  std::string receive_until(std::string_view end) {
    std::string all;
    event::Watch readable(loop, client, event::Watch::For::reading, [&] {
      std::array<char, 65536> chunk;  // NOLINT: filled before it is read
      const ssize_t n = ::recv(client, chunk.data(), chunk.size(), 0);
      if (n > 0) all.append(chunk.data(), static_cast<std::size_t>(n));
      if (n <= 0 || all.ends_with(end)) loop.stop();
    });
    readable.enable();
    if (!done) loop.run();
    return all;
  }

  std::string say(std::string_view line, std::string_view end = "\r\n") {
    send(std::string(line) + "\r\n");
    return receive_until(end);
  }

  void log_in() {
    receive_until("\r\n");
    say("USER ann@t");
    REQUIRE(say("PASS secret").starts_with("+OK"));
  }

  // The client leaves; runs until the connection is over.
  void leave() {
    ::close(std::exchange(client, -1));
    if (!done) loop.run();
  }

  void put(const std::string& name, const std::string& content) {
    std::ofstream(box / "new" / name) << content;
  }

  MailDirectory mail;
  std::filesystem::path box;
  event::EventLoop loop;
  ManualClock clock;
  std::string lines;
  log::Logger log{"pop3d", log::Level::info, log::Format::logfmt, clock,
                  [this](std::string_view text) { lines += text; }};
  metrics::Counters counters;
  FakeCredentials credentials{loop};
  limits::Bans bans;
  const config::Settings::Bans ban_settings;
  auth::Attempts attempts{bans, ban_settings, clock, log, counters, &to_lower};
  event::WorkerPool files{loop, 2};
  const quota::FullMarks full_marks{mail.path()};
  Services services{loop, credentials, attempts, files, clock, log, counters, full_marks};
  ConnectionOptions options{.mail_directory = mail.path(), .timeout = 0s};
  std::string apop_timestamp;
  std::array<int, 2> fds{-1, -1};
  int client = -1;
  bool done = false;
  std::unique_ptr<Connection> connection;
};

}  // namespace

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
          "[pop3d]") {
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

// ---- Logins by SASL and APOP ----

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

}  // namespace pop3d_connection_test
