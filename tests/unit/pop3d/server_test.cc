#include "pop3d/server.h"

#include <sys/socket.h>

#include <array>

#include <catch2/catch.hpp>

#include "tests/unit/maildir/mail_directory.h"

namespace pop3d_server_test {

using namespace postrider;
using namespace postrider::pop3d;

namespace {

class NoCredentials final : public directory::Credentials {
 public:
  PendingPtr verify_password(std::string_view, Secret, directory::Service,
                             UniqueFunction<void(Result<directory::LoginAnswer>)>) override {
    return nullptr;
  }
  PendingPtr find_scram_keys(std::string_view, directory::Service,
                             UniqueFunction<void(Result<directory::ScramAnswer>)>) override {
    return nullptr;
  }
  PendingPtr confirm(const directory::LoginAnswer&, directory::Service,
                     UniqueFunction<void(Result<directory::LoginAnswer>)>) override {
    return nullptr;
  }
  PendingPtr verify_apop(std::string_view, std::string_view, std::string_view,
                         UniqueFunction<void(Result<directory::LoginAnswer>)>) override {
    return nullptr;
  }
};

struct Fixture {
  Fixture() {
    auto opened = net::open_listening_socket(*net::SocketAddress::parse("127.0.0.1:0"));
    REQUIRE(opened.has_value());
    listening = std::move(*opened);
    address_length = sizeof address;
    REQUIRE(::getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address),
                          &address_length) == 0);
  }

  ListeningSocket socket() const { return {listening.get(), listener}; }

  Fd connect() const {
    Fd fd(::socket(address.ss_family, SOCK_STREAM, 0));
    REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), address_length) == 0);
    ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
    return fd;
  }

  // Runs the loop until a line has arrived.
  std::string line_from(const Fd& client) {
    std::string line;
    event::Watch readable(loop, client.get(), event::Watch::For::reading, [&] {
      std::array<char, 512> chunk;  // NOLINT: filled before it is read
      const ssize_t n = ::recv(client.get(), chunk.data(), chunk.size(), 0);
      if (n > 0) line.append(chunk.data(), static_cast<std::size_t>(n));
      loop.stop();
    });
    readable.enable();
    loop.run();
    return line;
  }

  template <typename Condition>
  void run_until(Condition holds) {
    event::Timer look(loop,
                      [&] { holds() ? loop.stop() : look.arm(std::chrono::microseconds{100}); });
    look.arm(std::chrono::microseconds{0});
    loop.run();
  }

  Fd listening;
  sockaddr_storage address{};
  socklen_t address_length = 0;
  event::EventLoop loop;
  ManualClock clock;
  std::string lines;
  log::Logger log{"pop3d", log::Level::info, log::Format::logfmt, clock,
                  [this](std::string_view text) { lines += text; }};
  metrics::Counters counters;
  NoCredentials credentials;
  limits::Bans bans;
  const config::Settings::Bans ban_settings;
  auth::Attempts attempts{bans, ban_settings, clock, log, counters, &to_lower};
  event::WorkerPool files{loop, 1};
  const quota::FullMarks full_marks{"/nonexistent"};
  Services services{loop, credentials, attempts, files, clock, log, counters, full_marks};
  limits::Tally tally;
  limits::Connections clients{tally, clock, {.per_address = 2}};
  SeededRandom random{1};
  config::Pop3Listener listener;
  ServerOptions options{.connection = {}, .hostname = "mx.test"};
};

}  // namespace

TEST_CASE("pop3d server: above its limit it sends clients away with a reason", "[pop3d]") {
  Fixture f;
  f.options.connection_limit = 1;
  const ListeningSocket listening = f.socket();
  Server server(f.services, f.clients, f.random, f.options, {&listening, 1});
  const Fd first = f.connect();
  CHECK(f.line_from(first) == "+OK mx.test POP3 ready\r\n");
  for (int i = 0; i < 3; ++i) {
    const Fd next = f.connect();
    CHECK(f.line_from(next) == "-ERR [SYS/TEMP] too many connections, try again later\r\n");
  }
  CHECK(server.connections() == 1);
  CHECK(f.counters.value(metrics::Counter::pop3_connections) == 1);
  const auto told = f.lines.find("connection_limit_reached");
  CHECK(told != std::string::npos);
  CHECK(f.lines.find("connection_limit_reached", told + 1) == std::string::npos);
}

TEST_CASE("pop3d server: an address has so many connections, and each that ends makes room",
          "[pop3d]") {
  Fixture f;
  const ListeningSocket listening = f.socket();
  const Server server(f.services, f.clients, f.random, f.options, {&listening, 1});
  const Fd first = f.connect();
  CHECK(f.line_from(first) == "+OK mx.test POP3 ready\r\n");
  {
    const Fd second = f.connect();
    f.line_from(second);
    CHECK(f.line_from(f.connect()) ==
          "-ERR [SYS/TEMP] too many connections from your address, try again later\r\n");
    CHECK(server.connections() == 2);
    CHECK(f.lines.find("event=connection_refused client=127.0.0.1 reason=") != std::string::npos);
    REQUIRE(::send(second.get(), "QUIT\r\n", 6, 0) == 6);
    CHECK(f.line_from(second).starts_with("+OK"));
  }
  f.run_until([&] { return server.connections() == 1; });
  CHECK(f.line_from(f.connect()).starts_with("+OK"));
}

TEST_CASE("pop3d server: the password in the clear is taken as the settings say", "[pop3d]") {
  struct Row {
    config::PlaintextAuth setting;
    const char* answer;
  };
  // The client of this test comes from loopback.
  const auto row = GENERATE(values<Row>({{config::PlaintextAuth::always, "+OK"},
                                         {config::PlaintextAuth::loopback, "+OK"},
                                         {config::PlaintextAuth::never, "-ERR [SYS/PERM]"}}));
  Fixture f;
  f.options.plaintext_auth = row.setting;
  const ListeningSocket listening = f.socket();
  const Server server(f.services, f.clients, f.random, f.options, {&listening, 1});
  const Fd client = f.connect();
  f.line_from(client);
  REQUIRE(::send(client.get(), "USER ann\r\n", 10, 0) == 10);
  CHECK(f.line_from(client).starts_with(row.answer));
}

TEST_CASE("pop3d server: stopping ends the connections that do nothing", "[pop3d]") {
  Fixture f;
  const ListeningSocket listening = f.socket();
  Server server(f.services, f.clients, f.random, f.options, {&listening, 1});
  const Fd client = f.connect();
  f.line_from(client);
  bool stopped = false;
  server.stop([&] { stopped = true; });
  CHECK(stopped);
  CHECK(server.connections() == 0);
}

TEST_CASE("pop3d server: with APOP each greeting has a timestamp of its own", "[pop3d]") {
  Fixture f;
  f.options.apop = true;
  const ListeningSocket listening = f.socket();
  const Server server(f.services, f.clients, f.random, f.options, {&listening, 1});
  const Fd one = f.connect();
  const std::string first = f.line_from(one);
  CHECK(first.starts_with("+OK mx.test POP3 ready <"));
  CHECK(first.ends_with("@mx.test>\r\n"));
  const Fd another = f.connect();
  CHECK(f.line_from(another) != first);
}

TEST_CASE("pop3d server: without a certificate STLS is not offered", "[pop3d]") {
  Fixture f;
  const ListeningSocket listening = f.socket();
  const Server server(f.services, f.clients, f.random, f.options, {&listening, 1});
  const Fd client = f.connect();
  f.line_from(client);
  REQUIRE(::send(client.get(), "STLS\r\n", 6, 0) == 6);
  CHECK(f.line_from(client) == "-ERR TLS is not available here\r\n");
}

TEST_CASE("pop3d server: the PROXY header says who the client is, and what it may", "[pop3d]") {
  struct Row {
    const char *header, *answer;
  };
  const auto row = GENERATE(values<Row>({
      {"PROXY TCP4 192.0.2.7 127.0.0.1 5 110\r\n", "-ERR [SYS/PERM]"},
      {"PROXY TCP4 127.0.0.9 127.0.0.1 5 110\r\n", "+OK"},
      {"PROXY UNKNOWN\r\n", "-ERR [SYS/PERM]"},
  }));
  Fixture f;
  f.listener.proxy = true;
  f.options.proxies = net::parse_networks(std::vector<std::string>{"127.0.0.0/8"});
  const ListeningSocket listening = f.socket();
  const Server server(f.services, f.clients, f.random, f.options, {&listening, 1});
  const Fd client = f.connect();
  const std::string_view header = row.header;
  REQUIRE(::send(client.get(), header.data(), header.size(), 0) ==
          static_cast<ssize_t>(header.size()));
  CHECK(f.line_from(client) == "+OK mx.test POP3 ready\r\n");
  REQUIRE(::send(client.get(), "USER ann\r\n", 10, 0) == 10);
  CHECK(f.line_from(client).starts_with(row.answer));
}

TEST_CASE("pop3d server: who is no proxy, or sends no header, is not served", "[pop3d]") {
  struct Row {
    const char *proxies, *sent, *reason;
  };
  const auto row = GENERATE(values<Row>({
      {"192.0.2.0/24", "", "it is not in pop3d.proxy_networks"},
      {"127.0.0.0/8", "CAPA\r\n", "bad PROXY header: it begins as no PROXY header does"},
  }));
  Fixture f;
  f.listener.proxy = true;
  f.options.proxies = net::parse_networks(std::vector<std::string>{row.proxies});
  const ListeningSocket listening = f.socket();
  const Server server(f.services, f.clients, f.random, f.options, {&listening, 1});
  const Fd client = f.connect();
  const std::string_view sent = row.sent;
  REQUIRE(::send(client.get(), sent.data(), sent.size(), 0) == static_cast<ssize_t>(sent.size()));
  CHECK(f.line_from(client).empty());
  CHECK(f.lines.find(std::string("event=proxy_refused proxy=127.0.0.1 reason=\"") + row.reason +
                     "\"") != std::string::npos);
  CHECK(server.connections() == 0);
}

}  // namespace pop3d_server_test
