// connection_fixture.h - a Connection over a socket pair, and a directory that knows one user.
#pragma once

#include <sys/socket.h>

#include <array>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch.hpp>

#include "common/event/answer_later.h"
#include "common/sasl/apop.h"
#include "pop3d/connection.h"
#include "tests/unit/maildir/mail_directory.h"

namespace postrider::pop3d::testing {

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

  PendingPtr confirm(const directory::LoginAnswer&, directory::Service,
                     UniqueFunction<void(Result<directory::LoginAnswer>)>) override {
    return nullptr;
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
  ConnectionOptions options{.mail_directory = mail.path(), .timeout = std::chrono::seconds(0)};
  std::string apop_timestamp;
  std::array<int, 2> fds{-1, -1};
  int client = -1;
  bool done = false;
  std::unique_ptr<Connection> connection;
};

}  // namespace postrider::pop3d::testing
