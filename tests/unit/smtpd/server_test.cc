#include "smtpd/server.h"

#include <netinet/in.h>

#include <catch2/catch.hpp>

#include "common/net/connector.h"
#include "tests/unit/smtpd/world.h"

using namespace postrider;
using namespace postrider::smtpd;
using metrics::Counter;
using smtpd::test::Peer;
using smtpd::test::World;

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
      const ListeningSocket socket{listening.get(), config::SmtpMode::mx};
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
