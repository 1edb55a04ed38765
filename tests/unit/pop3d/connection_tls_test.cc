// A Connection of pop3d under TLS, with a client that speaks it.
#include <catch2/catch.hpp>

#include "common/base/base64.h"
#include "common/event/answer_later.h"
#include "pop3d/connection.h"
#include "tests/unit/maildir/mail_directory.h"
#include "tests/unit/net/tls_client.h"
#include "tests/unit/net/tls_side.h"
#include "tests/unit/sasl/scram_client.h"

namespace pop3d_connection_tls_test {

using namespace postrider;
using namespace postrider::pop3d;
using metrics::Counter;
using sasl::testing::ScramClient;

namespace {

// Knows ann@t with the password "secret".
class FakeCredentials final : public directory::Credentials {
 public:
  explicit FakeCredentials(event::EventLoop& loop) : loop_(loop) {}

  PendingPtr verify_password(std::string_view, Secret password, directory::Service,
                             UniqueFunction<void(Result<directory::LoginAnswer>)> done) override {
    Result<directory::LoginAnswer> answer = accepted_;
    if (password.reveal() != "secret") answer = directory::LoginAnswer{.reason = "wrong password"};
    return event::answer_later(loop_, std::move(answer), std::move(done));
  }
  PendingPtr find_scram_keys(std::string_view, directory::Service,
                             UniqueFunction<void(Result<directory::ScramAnswer>)> done) override {
    directory::ScramAnswer known{.user = {"salt of 16 octets", 2, {}}, .reason = "wrong password"};
    known.user.keys = {*sasl::derive_scram_keys(Secret("secret"), known.user.salt, 2)};
    known.logins = {accepted_};
    return event::answer_later(loop_, Result<directory::ScramAnswer>(std::move(known)),
                               std::move(done));
  }
  PendingPtr confirm(const directory::LoginAnswer&, directory::Service,
                     UniqueFunction<void(Result<directory::LoginAnswer>)>) override {
    return nullptr;
  }
  PendingPtr verify_apop(std::string_view, std::string_view, std::string_view,
                         UniqueFunction<void(Result<directory::LoginAnswer>)>) override {
    return nullptr;
  }

 private:
  const directory::LoginAnswer accepted_{.accepted = true, .mailbox = "ann@t"};
  event::EventLoop& loop_;
};

struct Fixture {
  explicit Fixture(Tls mode = Tls::starttls) {
    mail.create("t/ann");
    auto loaded =
        net::TlsServer::load({.files = {net::testing::write_certificate(certificates, "mx.test")},
                              .protocols = {"pop3"}},
                             keys, clock);
    REQUIRE(loaded);
    tls = std::move(*loaded);
    services.tls = tls.get();
    connect(mode);
  }

  void connect(Tls mode) {
    auto [ours, theirs] = net::testing::socket_pair();
    side = std::make_unique<net::testing::Side>(loop);
    stream = std::make_unique<net::Stream>(loop, std::move(theirs), *side);
    connection = std::make_unique<Connection>(
        services, options, SessionOptions{.hostname = "mx.test", .tls = mode}, std::move(ours),
        net::SocketAddress{*net::IpAddress::parse("203.0.113.9"), 40000}, [this] {
          loop.destroy_later(std::move(connection));
          done = true;
          loop.stop();
        });
  }

  std::string hear(std::string_view end = "\r\n") {
    side->expected = 1;
    while (!side->closed && !side->got.ends_with(end)) loop.run();
    return std::exchange(side->got, {});
  }
  std::string say(std::string_view line, std::string_view end = "\r\n") {
    stream->send(std::string(line) + "\r\n");
    stream->flush();
    return hear(end);
  }
  void secure() {
    stream->start_tls(client.session(), net::testing::kLimit);
    while (!side->info && !side->closed) loop.run();
    REQUIRE(side->info.has_value());
  }
  void until_done() {
    while (!done) loop.run();
  }

  MailDirectory mail;
  postrider::test::TempDirectory certificates;
  net::TicketKeys keys;
  net::testing::TlsClient client;
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
  std::unique_ptr<net::TlsServer> tls;
  Services services{loop, credentials, attempts, files, clock, log, counters, full_marks};
  ConnectionOptions options{.mail_directory = mail.path()};
  std::unique_ptr<net::testing::Side> side;
  std::unique_ptr<net::Stream> stream;
  std::unique_ptr<Connection> connection;
  bool done = false;
};

}  // namespace

TEST_CASE("pop3d connection: STLS goes on under TLS, where a password may be sent", "[pop3d]") {
  Fixture f;
  CHECK(f.hear() == "+OK mx.test POP3 ready\r\n");
  CHECK(f.say("USER ann@t").starts_with("-ERR [SYS/PERM]"));
  CHECK(f.say("STLS") == "+OK begin TLS\r\n");
  f.secure();
  CHECK(f.say("USER ann@t").starts_with("+OK"));
  CHECK(f.say("PASS secret") == "+OK 0 messages (0 octets)\r\n");
  CHECK(f.lines.find("messages=0 mechanism=USER tls=TLSv1.3\n") != std::string::npos);
  CHECK(f.counters.value(Counter::pop3_tls_sessions) == 1);
  CHECK(f.say("QUIT") == "+OK bye\r\n");
}

TEST_CASE("pop3d connection: implicit TLS says nothing before the handshake", "[pop3d]") {
  Fixture f(Tls::implicit);
  f.secure();
  CHECK(f.hear() == "+OK mx.test POP3 ready\r\n");
  CHECK(f.say("CAPA", "\r\n.\r\n").find("STLS") == std::string::npos);
}

TEST_CASE("pop3d connection: SCRAM-SHA-256-PLUS binds to the connection", "[pop3d]") {
  Fixture f(Tls::implicit);
  f.secure();
  f.hear();
  const bool same = GENERATE(true, false);
  ScramClient scram("ann@t", "secret");
  scram.header = "p=tls-exporter,,";
  scram.binding = same ? f.stream->channel_bindings().tls_exporter : std::string(32, 'x');
  const auto challenge = [](const std::string& reply) {
    REQUIRE(reply.starts_with("+ "));
    return from_base64(reply.substr(2, reply.size() - 4)).value();
  };
  const std::string first = challenge(f.say("AUTH SCRAM-SHA-256-PLUS " + to_base64(scram.first())));
  const std::string reply = f.say(to_base64(scram.last(first)));
  if (!same) {
    CHECK(reply == "-ERR [AUTH] wrong user or password\r\n");
    return;
  }
  CHECK(challenge(reply) == scram.expected());
  CHECK(f.say("").starts_with("+OK"));
  CHECK(f.lines.find("mechanism=SCRAM-SHA-256-PLUS tls=TLSv1.3") != std::string::npos);
}

TEST_CASE("pop3d connection: a second session is resumed by its ticket", "[pop3d]") {
  Fixture f(Tls::implicit);
  f.secure();
  f.hear();
  f.client.ticket.reset(SSL_get1_session(f.client.raw));
  f.say("QUIT");
  f.connect(Tls::implicit);
  f.secure();
  CHECK(f.hear() == "+OK mx.test POP3 ready\r\n");
  CHECK(f.counters.value(Counter::pop3_tls_sessions_resumed) == 1);
}

TEST_CASE("pop3d connection: what is no handshake ends the connection and is told", "[pop3d]") {
  Fixture f(Tls::implicit);
  f.stream->send("USER ann@t\r\n");
  f.stream->flush();
  f.until_done();
  CHECK(f.lines.find("event=handshake_failed client=203.0.113.9 reason=") != std::string::npos);
  CHECK(f.counters.value(Counter::pop3_tls_failures) == 1);
}

TEST_CASE("pop3d connection: a client that names other protocols alone is refused", "[pop3d]") {
  const bool ours = GENERATE(true, false);
  Fixture f(Tls::implicit);
  const std::string names = ours ? std::string("\x04pop3") : std::string("\x04smtp\x08http/1.1");
  SSL_CTX_set_alpn_protos(f.client.context.get(),
                          reinterpret_cast<const unsigned char*>(names.data()),
                          static_cast<unsigned>(names.size()));
  f.stream->start_tls(f.client.session(), net::testing::kLimit);
  while (!f.side->info && !f.side->closed) f.loop.run();
  CHECK(f.side->info.has_value() == ours);
}

TEST_CASE("pop3d connection: told to end, it waits for no handshake", "[pop3d]") {
  Fixture f(Tls::implicit);
  f.connection->end_when_idle();
  CHECK(f.done);
}

}  // namespace pop3d_connection_tls_test
