#include "smtpd/server.h"

#include <netinet/in.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "common/net/connector.h"
#include "tests/unit/smtpd/world.h"

namespace smtpd_server_test {

using namespace postrider;
using namespace postrider::smtpd;
using metrics::Counter;
using smtpd::testing::Peer;
using smtpd::testing::World;

namespace {

struct Fixture {
  Fixture() {
    auto fd = net::open_listening_socket({*net::IpAddress::parse("127.0.0.1"), 0});
    REQUIRE(fd);
    listening = std::move(*fd);
    sockaddr_storage name{};
    socklen_t length = sizeof name;
    REQUIRE(::getsockname(listening.get(), reinterpret_cast<sockaddr*>(&name), &length) == 0);
    address = net::SocketAddress::from(name);
  }

  Server& server() {
    if (!server_) {
      const ListeningSocket socket{listening.get(), listener};
      server_ = std::make_unique<Server>(world.services(), std::span(&socket, 1));
    }
    return *server_;
  }

  std::unique_ptr<Peer> connect() {
    std::unique_ptr<Peer> peer;
    const auto pending = net::connect_tcp(
        world.loop, address, std::nullopt, std::chrono::seconds{5}, [&](Result<Fd> fd) {
          REQUIRE(fd);
          peer = std::make_unique<Peer>(world.loop, std::move(*fd));
          world.loop.stop();
        });
    world.loop.run();
    return peer;
  }

  World world;
  config::SmtpListener listener;
  Fd listening;
  net::SocketAddress address;

 private:
  std::unique_ptr<Server> server_;
};

}  // namespace

TEST_CASE("smtpd server: connections beyond a limit are told 421 at once", "[smtpd]") {
  Fixture f;
  const bool in_total = GENERATE(true, false);
  (in_total ? f.world.settings.smtpd.connection_limit
            : f.world.settings.smtpd.connection_limit_per_address) = 1;
  f.server();
  const auto first = f.connect();
  first->expect(220);
  const auto second = f.connect();
  CHECK(second->expect_close() ==
        (in_total ? "421 4.7.0 mx.test too many connections, try again later\r\n"
                  : "421 4.7.0 mx.test too many connections from your "
                    "address, try again later\r\n"));
  CHECK(f.world.counters.value(Counter::smtp_connections_refused) == 1);

  first->send("QUIT\r\n");
  first->expect_close();
  first->hang_up();
  while (f.server().connections() > 0) event_base_loop(f.world.loop.raw(), EVLOOP_ONCE);
  const auto third = f.connect();
  third->expect(220);
  CHECK(f.world.counters.value(Counter::smtp_connections) == 2);
}

TEST_CASE("smtpd server: while slots are scarce, who does not get on loses its own", "[smtpd]") {
  Fixture f;
  f.world.settings.smtpd.connection_limit = 1;
  f.world.settings.smtpd.busy_percent = 100;
  f.world.settings.smtpd.busy_timeout = std::chrono::seconds{0};
  f.server();
  const auto first = f.connect();
  first->expect(220);
  f.world.loop.defer([&] { f.server().end_slow(); });
  CHECK(first->expect_close() == "421 4.4.2 mx.test timed out waiting for input, closing\r\n");
  CHECK(f.world.counters.value(Counter::smtp_connections_slow) == 1);
  CHECK(f.world.lines.find("event=connection_too_slow client=127.0.0.1") != std::string::npos);
}

TEST_CASE("smtpd server: who waits for a greeting that is held back is not slow", "[smtpd]") {
  Fixture f;
  f.world.settings.smtpd.connection_limit = 1;
  f.world.settings.smtpd.busy_timeout = std::chrono::seconds{0};
  f.world.settings.relay.networks.clear();
  f.world.settings.checks.greeting_delay = std::chrono::minutes{1};
  f.server();
  const auto peer = f.connect();
  for (int i = 0; i < 10; ++i) peer->drain();
  REQUIRE(f.server().connections() == 1);
  f.server().end_slow();
  peer->drain();
  CHECK(peer->heard().empty());
  CHECK(f.server().connections() == 1);
}

TEST_CASE("smtpd server: while slots are scarce, who is held back for errors loses its own",
          "[smtpd]") {
  Fixture f;
  const bool scarce = GENERATE(true, false);
  f.world.settings.smtpd.connection_limit = scarce ? 1 : 100;
  f.world.settings.smtpd.busy_timeout = std::chrono::seconds{0};
  f.world.settings.smtpd.error_limit = 0;
  f.world.settings.smtpd.error_delay = std::chrono::minutes{1};
  f.world.settings.smtpd.error_delay_max = std::chrono::minutes{1};
  f.server();
  const auto peer = f.connect();
  peer->expect(220);
  peer->send("FOO\r\nNOOP\r\n");
  for (int i = 0; i < 10; ++i) peer->drain();
  CHECK(peer->heard().empty());
  f.server().end_slow();
  if (!scarce) {
    peer->drain();
    CHECK(peer->heard().empty());
    CHECK(f.server().connections() == 1);
    return;
  }
  CHECK(peer->expect_close() ==
        "500 5.5.2 command not recognized\r\n"
        "421 4.4.2 mx.test timed out waiting for input, closing\r\n");
}

namespace {

// A listener on a Unix socket, as programs of this host use it.
struct LocalFixture {
  explicit LocalFixture(config::SmtpMode mode) {
    auto fd = net::open_listening_unix_socket(path, 0600);
    REQUIRE(fd);
    listening = std::move(*fd);
    world.settings.smtpd.connection_limit_per_address = 1;
    const ListeningSocket socket{listening.get(), {.address = "unix:" + path, .mode = mode}};
    server.emplace(world.services(), std::span(&socket, 1));
  }
  std::unique_ptr<Peer> connect() {
    auto fd = net::connect_unix(path);
    REQUIRE(fd);
    return std::make_unique<Peer>(world.loop, std::move(*fd));
  }

  World world;
  const std::string path = world.folder.path("submit.sock");
  Fd listening;
  std::optional<Server> server;
};

}  // namespace

TEST_CASE("smtpd server: the programs of a user of this host have so many connections together",
          "[smtpd]") {
  LocalFixture f(GENERATE(config::SmtpMode::local, config::SmtpMode::lmtp));
  const auto first = f.connect();
  first->expect(220);
  const auto second = f.connect();
  CHECK(second->expect_close() ==
        "421 4.7.0 mx.test too many connections from clients like you, try again later\r\n");
  CHECK(f.world.lines.find("event=connection_refused client=\"uid " + std::to_string(::getuid())) !=
        std::string::npos);
  first->send("QUIT\r\n");
  first->expect_close();
  first->hang_up();
  while (f.server->connections() > 0) event_base_loop(f.world.loop.raw(), EVLOOP_ONCE);
  f.connect()->expect(220);
}

TEST_CASE("smtpd server: draining ends idle sessions at once and waits for a message under way",
          "[smtpd]") {
  Fixture f;
  f.server();
  const auto idle = f.connect();
  idle->expect(220);
  const auto busy = f.connect();
  busy->expect(220);
  busy->exchange("EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<alice@here.test>\r\nDATA\r\n", 354);

  bool drained = false;
  f.server().drain([&] {
    drained = true;
    f.world.loop.stop();
  });
  CHECK(idle->expect_close().starts_with("421 4.3.2 "));
  idle->hang_up();
  busy->send("x\r\n.\r\n");
  CHECK(busy->expect_close().starts_with("250 2.0.0 "));
  busy->hang_up();
  CHECK_FALSE(drained);
  f.world.loop.run();
  CHECK(drained);
  CHECK(f.world.envelopes().size() == 1);
}

TEST_CASE("smtpd server: draining without connections is done on the next turn", "[smtpd]") {
  Fixture f;
  bool drained = false;
  f.server().drain([&] {
    drained = true;
    f.world.loop.stop();
  });
  CHECK_FALSE(drained);
  f.world.loop.run();
  CHECK(drained);
}

TEST_CASE("smtpd server: a listener's mask holds for its connections", "[smtpd]") {
  Fixture f;
  f.listener.mask = {"CHUNKING", "DSN"};
  f.server();
  const auto peer = f.connect();
  peer->expect(220);
  const std::string reply = peer->exchange("EHLO a\r\n", 250);
  CHECK(reply.find("CHUNKING") == std::string::npos);
  CHECK(reply.find("PIPELINING") != std::string::npos);
  peer->exchange("BDAT 0 LAST\r\n", 502);
}

namespace {

struct ProxiedFixture : Fixture {
  explicit ProxiedFixture(const char* proxies = "127.0.0.0/8") {
    listener.proxy = true;
    world.settings.smtpd.proxy_networks = {proxies};
    server();
  }
};

}  // namespace

TEST_CASE("smtpd server: the PROXY header says who the client is, and whether it may relay",
          "[smtpd]") {
  const auto [header, client, code] = GENERATE(table<std::string, std::string, int>({
      {"PROXY TCP4 192.0.2.7 127.0.0.1 5 25\r\n", "192.0.2.7", 250},
      {"PROXY TCP4 203.0.113.9 127.0.0.1 5 25\r\n", "203.0.113.9", 550},
      {"PROXY UNKNOWN\r\n", "unknown", 550},
      {std::string("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16), "127.0.0.1", 550},
  }));
  ProxiedFixture f;
  const auto peer = f.connect();
  // In two pieces, and with what follows.
  peer->send(header.substr(0, 9));
  peer->drain();
  peer->send(header.substr(9) + "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<x@far.test>\r\n");
  peer->expect(code);
  peer->exchange("RCPT TO:<nobody@here.test>\r\n", 550);
  CHECK(f.world.lines.find("client=" + client + " helo=a") != std::string::npos);
  CHECK(f.server().connections() == 1);
}

TEST_CASE("smtpd server: who is no proxy, or sends no header, is not served", "[smtpd]") {
  const auto [proxies, sent, reason] = GENERATE(table<const char*, std::string, std::string>({
      {"192.0.2.0/24", "", "it is not in smtpd.proxy_networks"},
      {"127.0.0.0/8", "EHLO a\r\n", "bad PROXY header: it begins as no PROXY header does"},
      {"127.0.0.0/8", "PROXY TCP4 x\r\n", "bad PROXY header: the addresses of its line are wrong"},
  }));
  ProxiedFixture f(proxies);
  const auto peer = f.connect();
  if (!sent.empty()) peer->send(sent);
  CHECK(peer->expect_close().empty());
  CHECK(f.world.lines.find("event=proxy_refused proxy=127.0.0.1 reason=\"" + reason + "\"") !=
        std::string::npos);
  CHECK(f.world.counters.value(Counter::smtp_connections_refused) == 1);
  CHECK(f.world.counters.value(Counter::smtp_connections) == 0);
}

TEST_CASE("smtpd server: a proxy that leaves or is late is let go", "[smtpd]") {
  const bool leaves = GENERATE(true, false);
  Fixture f;
  f.listener.proxy = true;
  f.world.settings.smtpd.proxy_networks = {"127.0.0.1"};
  f.world.settings.smtpd.proxy_timeout = std::chrono::seconds{leaves ? 60 : 0};
  f.server();
  const auto peer = f.connect();
  peer->send("PROXY TCP4 192");
  if (leaves) peer->hang_up();
  while (f.world.lines.empty()) event_base_loop(f.world.loop.raw(), EVLOOP_ONCE);
  CHECK(f.world.lines.find(leaves ? "it was closed without a PROXY header"
                                  : "no whole PROXY header came in time") != std::string::npos);
}

TEST_CASE("smtpd server: the limit per address is the client's, not the proxy's", "[smtpd]") {
  Fixture f;
  f.listener.proxy = true;
  f.world.settings.smtpd.proxy_networks = {"127.0.0.1"};
  f.world.settings.smtpd.connection_limit_per_address = 1;
  f.server();
  const auto first = f.connect();
  first->exchange("PROXY TCP4 192.0.2.7 127.0.0.1 5 25\r\n", 220);
  const auto second = f.connect();
  second->exchange("PROXY TCP4 192.0.2.8 127.0.0.1 5 25\r\n", 220);
  const auto third = f.connect();
  third->exchange("PROXY TCP4 192.0.2.7 127.0.0.1 5 25\r\n", 421);
}

TEST_CASE("smtpd server: clients of whom their proxy tells no address have one limit together",
          "[smtpd]") {
  Fixture f;
  f.listener.proxy = true;
  f.world.settings.smtpd.proxy_networks = {"127.0.0.1"};
  f.world.settings.smtpd.connection_limit_per_address = 1;
  f.server();
  const auto first = f.connect();
  first->exchange("PROXY UNKNOWN\r\n", 220);
  const auto second = f.connect();
  second->exchange("PROXY UNKNOWN\r\n", 421);
  CHECK(f.world.lines.find("event=connection_refused client=unknown ") != std::string::npos);
}

TEST_CASE("smtpd server: draining waits for no PROXY header", "[smtpd]") {
  ProxiedFixture f;
  const auto peer = f.connect();
  peer->send("PROXY ");
  peer->drain();
  bool drained = false;
  f.server().drain([&] {
    drained = true;
    f.world.loop.stop();
  });
  f.world.loop.run();
  CHECK(drained);
  CHECK(peer->expect_close().empty());
}

}  // namespace smtpd_server_test
